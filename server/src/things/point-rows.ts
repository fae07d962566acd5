import type { Property } from '@luban/contracts';
import type { Insertable } from 'kysely';
import type { PointsThing } from './held-points.ts';
import type { ThingTables } from './things-migrations.ts';

/** Points of a thing for properties, as nobody has bound them yet. `firstPosition`: of them among those of the model. */
export function pointRows(
  { id, tenant, ownSender }: PointsThing,
  properties: readonly Property[],
  firstSeries: number,
  firstPosition: number,
): Insertable<ThingTables['points']>[] {
  return properties.map((property, i) => ({
    series: firstSeries + i,
    tenant,
    thing: id,
    key: property.key,
    position: firstPosition + i,
    type: property.type,
    body: JSON.stringify(property),
    device: null,
    sender: ownSender,
    max_interval_ms: null,
  }));
}
