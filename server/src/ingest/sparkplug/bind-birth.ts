import type { Point, Property, ThingId } from '@luban/contracts';
import type { Edges } from '../../edges/edges.ts';
import { Refusal } from '../../platform/errors.ts';
import type { Things } from '../../things/things.ts';
import type { MachineIdentity } from '../mqtt-identity.ts';
import type { RefusedValue, RefusedValues } from '../refused-values.ts';
import { noSuchProperty } from '../value-refusals.ts';
import { bornProperty, isPoint, modelKeyOf, thingKeyOf } from './birth-properties.ts';
import type { BoundMetric } from './metric-batch.ts';
import { pointType } from './metric-value.ts';
import type { Born } from './sparkplug-node.ts';
import type { Metric } from './sparkplug-payload.ts';
import { namespace } from './sparkplug-topic.ts';

/** Where a birth certificate speaks from. */
export interface BirthPlace {
  readonly group: string;
  readonly node: string;
  readonly device: string | null;
}

interface BindOptions {
  things: Things;
  edges: Edges;
  refused: RefusedValues;
}

/** A model holds no more properties than that. */
const mostProperties = 2000;

/**
 * Finds the points for what is born. Through an edge that may create things, a thing with a model is made of the birth
 * certificate or brought up to it; through another, a thing that sends through this edge and is called like the device
 * is bound by name; a thing's own key binds to the thing itself. Throws Refusal when there is none.
 */
export function createBirthBinding({ things, edges, refused }: BindOptions) {
  return async function bind(identity: MachineIdentity, place: BirthPlace, metrics: readonly Metric[]): Promise<Born> {
    const thing = await thingOf(identity, place, metrics);
    // A thing's own key speaks for the node and its devices: the device stands before the metric's name.
    const before = identity.kind === 'thing' && place.device !== null ? `${place.device}/` : '';
    const points = pointIndex(things.pointsOf(identity.tenant, thing));
    const bound = new Map<string, BoundMetric>();
    const series: number[] = [];
    const unbound: RefusedValue[] = [];
    for (const metric of metrics) {
      if (metric.name === null) continue;
      const point = isPoint(metric) ? points(`${before}${metric.name}`, pointType(metric.datatype)!) : undefined;
      if (point === undefined && isPoint(metric))
        unbound.push({ key: metric.name.slice(0, 80), reason: noSuchProperty });
      if (point !== undefined) series.push(point.series);
      bound.set(metric.name, { series: point?.series ?? 0, isPoint: isPoint(metric), datatype: metric.datatype });
    }
    refused.note(thing, 'sparkplug', unbound);
    return { thing, metrics: bound, series };
  };

  async function thingOf(identity: MachineIdentity, place: BirthPlace, metrics: readonly Metric[]): Promise<ThingId> {
    if (identity.kind === 'thing') return identity.thing;
    const { group, node, device } = place;
    const names = device === null ? [group, node] : [group, node, device];
    const source = [namespace, ...names].join('/');
    if (edges.createsThings(identity.edge)) {
      const modelKey = modelKeyOf(source);
      const known = await things.discoveredProperties(identity.tenant, source, modelKey);
      return things.putDiscovered(
        identity,
        { id: identity.edge, number: identity.number },
        {
          source,
          key: thingKeyOf(source, names),
          name: shownName(device ?? node),
          modelKey,
          properties: [...known, ...newProperties(metrics, known)],
        },
      );
    }
    const called = device ?? node;
    const through = await things.thingsThrough(identity.tenant, identity.edge);
    const found =
      through.find((one) => one.source === source) ??
      through.find(({ key, name }) => key === called || name === called);
    if (found === undefined)
      throw new Refusal(
        'things.not-found',
        `${source}: no thing of that name sends through this edge, and the edge may not create things`,
      );
    return found.id;
  }
}

/** What a device calls a point, and what the point then is. Later ones of the same name are newer. */
function pointIndex(points: readonly Point[]): (name: string, type: string) => Point | undefined {
  const found = new Map<string, Point>();
  for (const point of points) found.set(`${point.type} ${point.key}`, point);
  for (const point of points) if (point.source !== null) found.set(`${point.type} ${point.source}`, point);
  return (name, type) => found.get(`${type} ${name}`) ?? found.get(`${type} ${name.replaceAll('/', '.')}`);
}

/** What a birth certificate names beyond `before`, while there is room. */
function newProperties(metrics: readonly Metric[], before: readonly Property[]): Property[] {
  const keys = new Set(before.map(({ key }) => key));
  const known = new Set(before.map(({ type, source }) => `${type} ${source}`));
  const made: Property[] = [];
  for (const metric of metrics) {
    if (keys.size >= mostProperties) break;
    if (!isPoint(metric)) continue;
    const same = `${pointType(metric.datatype)} ${metric.name}`;
    if (known.has(same)) continue;
    known.add(same);
    const property = bornProperty(metric, keys);
    keys.add(property.key);
    made.push(property);
  }
  return made;
}

/** A name that people may read: one line, of no more than 120 characters. */
function shownName(name: string): string {
  return (
    name
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, 120)
      .trim() || '?'
  );
}
