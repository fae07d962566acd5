import type { Point, Property, Series, TenantId, ThingId } from '@luban/contracts';
import type { Insertable } from 'kysely';
import type { ThingTables } from './things-migrations.ts';

export interface Owner {
  readonly tenant: TenantId;
  readonly tenantNumber: number;
}

/** A point with the sender that may write it. Points are held in memory: every sample and every page asks for them. */
export interface HeldPoint {
  point: Point;
  tenant: TenantId;
  tenantNumber: number;
  thingNumber: number;
  model: string;
  /** Who writes it while no device of an edge is read for it: the thing, or the edge that it sends through. */
  ownSender: number;
  sender: number;
}

/** A property of a thing as nobody has bound it yet. */
export function newPoint(property: Property, series: number, thing: ThingId): Point {
  return { ...property, series: series as Series, thing, device: null, maxIntervalMs: null };
}

/** `position`: its place among the properties of the model. */
export function pointRow(
  tenant: TenantId,
  { series, thing, device: _, maxIntervalMs: __, ...property }: Point,
  position: number,
  sender: number,
): Insertable<ThingTables['points']> {
  return {
    series,
    tenant,
    thing,
    key: property.key,
    position,
    type: property.type,
    body: JSON.stringify(property),
    device: null,
    sender,
    max_interval_ms: null,
  };
}
