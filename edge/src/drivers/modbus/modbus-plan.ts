import type { CollectedPoint, ModbusTcpAddress, ModbusTcpSettings } from '@luban/contracts';
import { isBitArea, pointSize } from './modbus-decode.ts';

/** A point with its Modbus address, `offset` from the start of the block that reads it. */
interface PlannedPoint {
  readonly point: CollectedPoint;
  readonly address: ModbusTcpAddress;
  readonly offset: number;
  readonly size: number;
}

/** One read request: `address` and `count` in registers, or bits in a bit area. */
export interface Block {
  readonly area: ModbusTcpAddress['area'];
  readonly address: number;
  readonly count: number;
  readonly points: readonly PlannedPoint[];
}

export interface Plan {
  readonly blocks: Block[];
  /** Points that no request can read: their address is wrong in itself. */
  readonly impossible: CollectedPoint[];
}

type Limits = Pick<ModbusTcpSettings, 'maxGapRegisters' | 'maxRegistersPerRead'>;

/** The fewest reads for these points. A register holds 16 bits, so the limits count 16-fold for bit areas. */
export function planReads(points: readonly CollectedPoint[], limits: Limits): Plan {
  const impossible: CollectedPoint[] = [];
  const byArea = new Map<ModbusTcpAddress['area'], PlannedPoint[]>();
  for (const point of points) {
    const address = point.address;
    const size = address.protocol === 'modbus-tcp' ? pointSize(address) : null;
    if (
      address.protocol !== 'modbus-tcp' ||
      size === null ||
      address.address + size > 65_536 ||
      (!isBitArea(address) && size > limits.maxRegistersPerRead)
    ) {
      impossible.push(point);
      continue;
    }
    const list = byArea.get(address.area);
    const planned = { point, address, offset: 0, size };
    if (list) list.push(planned);
    else byArea.set(address.area, [planned]);
  }
  const blocks: Block[] = [];
  for (const [area, list] of byArea) {
    list.sort((a, b) => a.address.address - b.address.address || a.size - b.size);
    const unit = isBitArea({ area }) ? 16 : 1;
    let group: PlannedPoint[] = [];
    let start = 0;
    let end = 0;
    for (const planned of list) {
      const from = planned.address.address;
      const to = Math.max(end, from + planned.size);
      const fits = from - end <= limits.maxGapRegisters * unit && to - start <= limits.maxRegistersPerRead * unit;
      if (group.length > 0 && !fits) {
        blocks.push(blockOf(group));
        group = [];
      }
      if (group.length === 0) start = end = from;
      group.push(planned);
      end = Math.max(end, from + planned.size);
    }
    if (group.length > 0) blocks.push(blockOf(group));
  }
  return { blocks, impossible };
}

/**
 * Two smaller reads for one that the device refused, to find what it refuses: cut at the widest gap, since a register
 * that nobody asked for is the likeliest cause, else in the middle. A block of one point stays.
 */
export function splitBlock(block: Block): Block[] {
  if (block.points.length < 2) return [block];
  let cut = block.points.length >> 1;
  let widest = 0;
  let end = 0;
  block.points.forEach((planned, i) => {
    const gap = i === 0 ? 0 : planned.address.address - end;
    if (gap > widest) {
      widest = gap;
      cut = i;
    }
    end = Math.max(end, planned.address.address + planned.size);
  });
  return [blockOf(block.points.slice(0, cut)), blockOf(block.points.slice(cut))];
}

function blockOf(points: readonly PlannedPoint[]): Block {
  const { area, address } = points[0]!.address;
  let end = address;
  for (const planned of points) end = Math.max(end, planned.address.address + planned.size);
  return {
    area,
    address,
    count: end - address,
    points: points.map((planned) => ({ ...planned, offset: planned.address.address - address })),
  };
}
