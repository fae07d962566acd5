import type { MachineDescription, PointDescription } from './machine-description.ts';
import { nodePath } from './machine-kind.ts';
import { roster } from './roster.ts';

/** Index of the plant's own namespace: a server's own namespace is always 1. */
const NAMESPACE_INDEX = 1;

/** What the vendor hands over: every machine, every point, and where to find it. Both servers are built from this. */
export const catalogue: MachineDescription[] = roster.map((machine) => ({
  id: machine.id,
  name: machine.name,
  kind: machine.kind.kind,
  area: machine.area,
  line: machine.line,
  protocol: machine.protocol,
  ...(machine.unitId !== undefined && { unitId: machine.unitId }),
  ...(machine.meter !== undefined && { meter: machine.meter }),
  points: machine.kind.points.flatMap((spec): PointDescription[] => {
    if (machine.protocol === 'modbus' && !spec.modbus) return [];
    return [
      {
        id: spec.id,
        name: spec.name,
        type: spec.type,
        unit: spec.unit,
        ...(spec.range && { range: spec.range }),
        ...(spec.codes && { codes: spec.codes }),
        ...(spec.counter && { counter: spec.counter }),
        ...(spec.write && { writable: true as const }),
        ...(machine.protocol === 'modbus'
          ? { modbus: spec.modbus }
          : {
              opcua: {
                nodeId: `ns=${NAMESPACE_INDEX};s=${machine.id}.${nodePath(spec.id)}`,
                dataType: spec.dataType,
              },
            }),
      } as PointDescription,
    ];
  }),
}));
