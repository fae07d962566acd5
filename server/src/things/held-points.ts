import type { DeviceId, Point, Property, Series, TenantId, ThingId } from '@luban/contracts';
import { type PointLayout, PointLayouts } from './point-layout.ts';
import { SeriesDirectory } from './series-directory.ts';

export interface Owner {
  readonly tenant: TenantId;
  readonly tenantNumber: number;
}

/** A thing as its points need it. */
export interface PointsThing extends Owner {
  readonly id: ThingId;
  readonly number: number;
  readonly model: string;
  /** Who writes what no device of an edge is read for: the thing, or the edge that it sends through. */
  readonly ownSender: number;
}

/** Who collects a point, and the sender that may write it. */
export interface PointBinding {
  readonly series: number;
  readonly sender: number;
  readonly device: DeviceId | null;
  readonly maxIntervalMs: number | null;
}

/** What senders by key ask of a point, at every value. */
export type KeyedPoint = Pick<Point, 'series' | 'key' | 'type' | 'device'>;
/** The points of one thing by their property's key, or by what the device calls it. */
export type KeyedPoints = Pick<ReadonlyMap<string, KeyedPoint>, 'get'>;

interface HeldThing {
  thing: PointsThing;
  readonly layout: PointLayout;
  /** In the order of the layout. */
  readonly series: readonly number[];
}

/** By series. Nothing here is for the garbage collector to walk, which it else does at every collection. */
interface Columns {
  /** The thing's number; 0: there is no such point. */
  thing: Uint32Array;
  /** In the thing's layout. */
  place: Uint16Array;
  /** 0: none. */
  device: Uint32Array;
  /** 0: not known. */
  maxIntervalMs: Float64Array;
}

/**
 * The points of all things, in memory: every sample and every page asks for them. There may be millions, so a point is
 * a few numbers in columns, and what it is called stands in a layout that things of a model share.
 */
export class HeldPoints {
  readonly directory = new SeriesDirectory();
  readonly #layouts = new PointLayouts();
  /** Those that have points. */
  readonly #things = new Map<ThingId, HeldThing>();
  readonly #byNumber = new Map<number, HeldThing>();
  /** Every device that was ever bound, at its number. */
  readonly #devices: (DeviceId | null)[] = [null];
  readonly #deviceNumbers = new Map<DeviceId | null, number>([[null, 0]]);
  #columns = emptyColumns(1024);
  #changes = 0;

  /** Another number after each change. */
  get changes(): number {
    return this.#changes;
  }

  /** The thing has these points and no others. `properties`: theirs, a JSON array in the same order. */
  put(thing: PointsThing, properties: string, points: readonly PointBinding[]): void {
    const layout = this.#layouts.take(properties);
    this.remove(thing.id);
    if (points.length === 0) this.#layouts.letGo(layout);
    else this.#hold({ thing, layout, series: points.map(({ series }) => series) }, points);
  }

  /** Things get points for these properties, each from its first series on, which nobody is bound to yet. */
  add(
    things: readonly { readonly thing: PointsThing; readonly firstSeries: number }[],
    properties: readonly Property[],
  ) {
    const longer = new Map<PointLayout | undefined, string>();
    for (const { thing, firstSeries } of things) {
      // The records may have said it already.
      if (properties.length === 0 || this.thingOf(firstSeries) !== undefined) continue;
      const held = this.#things.get(thing.id);
      const json = longer.get(held?.layout) ?? JSON.stringify([...(held?.layout.properties ?? []), ...properties]);
      longer.set(held?.layout, json);
      const { ownSender: sender } = thing;
      const unbound = (_: unknown, i: number) => ({
        series: firstSeries + i,
        sender,
        device: null,
        maxIntervalMs: null,
      });
      this.put(thing, json, [...(held?.series ?? []).map((one) => this.#bindingOf(one)), ...properties.map(unbound)]);
    }
  }

  remove(id: ThingId): void {
    this.#changes++;
    const held = this.#things.get(id);
    if (held === undefined) return;
    for (const series of held.series) {
      this.#columns.thing[series] = 0;
      this.directory.remove(series);
    }
    this.#things.delete(id);
    this.#byNumber.delete(held.thing.number);
    this.#layouts.letGo(held.layout);
  }

  /** Nothing happens to a point that is no more. */
  bind(binding: PointBinding): void {
    this.#changes++;
    if (this.thingOf(binding.series) !== undefined) this.#set(binding);
  }

  /** From now on this sender writes what no device of an edge is read for; null: the thing itself. */
  sendThrough(id: ThingId, sender: number | null): void {
    this.#changes++;
    const held = this.#things.get(id);
    if (held === undefined) return;
    const ownSender = sender ?? held.thing.number;
    held.thing = { ...held.thing, ownSender };
    for (const series of held.series) if (this.#columns.device[series] === 0) this.directory.set(series, ownSender);
  }

  /** Undefined when it has no points. */
  thing(id: ThingId): PointsThing | undefined {
    return this.#things.get(id)?.thing;
  }

  /** Undefined when there is no such point. */
  thingOf(series: number): PointsThing | undefined {
    return this.#heldOf(series)?.thing;
  }

  deviceOf(series: number): DeviceId | null {
    return this.#devices[this.#columns.device[series] ?? 0]!;
  }

  point(series: number): Point | undefined {
    const held = this.#heldOf(series);
    return held && this.#pointAt(held, this.#columns.place[series]!);
  }

  pointsOf(id: ThingId): Point[] {
    const held = this.#things.get(id);
    return held === undefined ? [] : held.series.map((_, place) => this.#pointAt(held, place));
  }

  /** For who asks at every message: the cost does not grow with the thing's points. */
  keyedPointsOf(id: ThingId): KeyedPoints {
    const held = this.#things.get(id);
    return {
      get: (key) => {
        const place = held?.layout.placeOf(key);
        if (held === undefined || place === undefined) return undefined;
        const series = held.series[place]! as Series;
        const property = held.layout.properties[place]!;
        return { series, key: property.key, type: property.type, device: this.deviceOf(series) };
      },
    };
  }

  /** Of all things that have points. */
  ids(): Iterable<ThingId> {
    return this.#things.keys();
  }

  #hold(held: HeldThing, points: readonly PointBinding[]): void {
    const { id, number } = held.thing;
    this.#things.set(id, held);
    this.#byNumber.set(number, held);
    this.#growTo(Math.max(...held.series));
    for (const [place, point] of points.entries()) {
      this.#columns.thing[point.series] = number;
      this.#columns.place[point.series] = place;
      this.#set(point);
    }
  }

  #set({ series, sender, device, maxIntervalMs }: PointBinding): void {
    this.#columns.device[series] = this.#numberOf(device);
    this.#columns.maxIntervalMs[series] = maxIntervalMs ?? 0;
    this.directory.set(series, sender);
  }

  #heldOf(series: number): HeldThing | undefined {
    const number = this.#columns.thing[series] ?? 0;
    return number === 0 ? undefined : this.#byNumber.get(number);
  }

  #pointAt({ thing, layout, series: all }: HeldThing, place: number): Point {
    const series = all[place]! as Series;
    const { device, maxIntervalMs } = this.#bindingOf(series);
    // Each by name: to spread the property takes a hundred times as long.
    const { key, name, type, unit, range, decimals, source } = layout.properties[place]!;
    return { key, name, type, unit, range, decimals, source, series, thing: thing.id, device, maxIntervalMs };
  }

  #bindingOf(series: number): PointBinding {
    const maxIntervalMs = this.#columns.maxIntervalMs[series]! || null;
    return { series, sender: this.directory.senderOf(series), device: this.deviceOf(series), maxIntervalMs };
  }

  #numberOf(device: DeviceId | null): number {
    const known = this.#deviceNumbers.get(device);
    if (known !== undefined) return known;
    this.#deviceNumbers.set(device, this.#devices.length);
    return this.#devices.push(device) - 1;
  }

  #growTo(series: number): void {
    const before = this.#columns;
    if (series < before.thing.length) return;
    this.#columns = emptyColumns(Math.max(series + 1, before.thing.length * 2));
    this.#columns.thing.set(before.thing);
    this.#columns.place.set(before.place);
    this.#columns.device.set(before.device);
    this.#columns.maxIntervalMs.set(before.maxIntervalMs);
  }
}

function emptyColumns(capacity: number): Columns {
  return {
    thing: new Uint32Array(capacity),
    place: new Uint16Array(capacity),
    device: new Uint32Array(capacity),
    maxIntervalMs: new Float64Array(capacity),
  };
}
