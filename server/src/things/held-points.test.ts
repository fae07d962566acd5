import type { DeviceId, Point, Property, TenantId, ThingId } from '@luban/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldPoints, type PointBinding, type PointsThing } from './held-points.ts';
import { PointLayouts } from './point-layout.ts';

const property = (key: string, source: string | null = null): Property => ({
  ...{ key, source, name: { zh: key, en: key }, type: 'number', unit: null, range: null, decimals: null },
});
const thingOf = (number: number, ownSender = number): PointsThing => ({
  ...{ id: `thing:${number}` as ThingId, number, ownSender, model: 'model:a' },
  ...{ tenant: `tenant:${number % 2}` as TenantId, tenantNumber: number % 2 },
});
const device = (number: number) => (number === 0 ? null : (`device:${number}` as DeviceId));

/** The same with plain objects, one a point. */
interface Plain {
  thing: PointsThing;
  readonly property: Property;
  binding: PointBinding;
}
class PlainPoints {
  readonly bySeries = new Map<number, Plain>();

  of(id: ThingId): Plain[] {
    return [...this.bySeries.values()].filter(({ thing }) => thing.id === id);
  }
  put(thing: PointsThing, properties: readonly Property[], points: readonly PointBinding[]): void {
    this.remove(thing.id);
    points.forEach(
      (binding, i) => void this.bySeries.set(binding.series, { thing, property: properties[i]!, binding }),
    );
  }
  remove(id: ThingId): void {
    for (const { binding } of this.of(id)) this.bySeries.delete(binding.series);
  }
}
function shown({ thing, property: its, binding: { series, device, maxIntervalMs } }: Plain): Point {
  return { ...its, series: series as Point['series'], thing: thing.id, device, maxIntervalMs };
}

const someThing = fc.integer({ min: 1, max: 5 });
const someKeys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });
const binding = fc.record({ sender: fc.integer({ min: 1, max: 99 }), device: fc.nat(3), maxIntervalMs: fc.nat(5) });
const step = fc.oneof(
  fc.record({ does: fc.constant('put' as const), number: someThing, keys: someKeys, ...gapAnd(), binding }),
  fc.record({ does: fc.constant('add' as const), number: someThing, keys: someKeys, ...gapAnd(), binding }),
  fc.record({ does: fc.constant('remove' as const), number: someThing }),
  fc.record({ does: fc.constant('bind' as const), at: fc.nat(), binding }),
  fc.record({ does: fc.constant('send' as const), number: someThing, sender: fc.integer({ min: 1, max: 99 }) }),
);
/** Numbers are given in order, and some not at all: up to beyond where the columns begin. */
function gapAnd() {
  return { gap: fc.constantFrom(0, 0, 0, 0, 0, 1, 1, 700) };
}

test('points in columns are what plain objects would be, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const held = new HeldPoints();
      const plain = new PlainPoints();
      let next = 1;
      for (const one of steps) {
        const before = held.changes;
        switch (one.does) {
          case 'put': {
            const { sender, device: by, maxIntervalMs } = one.binding;
            const points = one.keys.map((_, i) => ({
              ...{ series: next + one.gap + i, sender, device: device(by), maxIntervalMs: maxIntervalMs || null },
            }));
            const properties = one.keys.map((key) => property(key));
            held.put(thingOf(one.number), JSON.stringify(properties), points);
            plain.put(thingOf(one.number), properties, points);
            next += one.gap + one.keys.length;
            break;
          }
          case 'add': {
            const thing = thingOf(one.number, one.binding.sender);
            const before = plain.of(thing.id);
            const properties = one.keys.map((key) => property(`${key}${next}`, key));
            const firstSeries = next + one.gap;
            held.add([{ thing, firstSeries }], properties);
            held.add([{ thing, firstSeries }], properties); // the records have said it already
            const added = properties.map((_, i) => ({
              ...{ series: firstSeries + i, sender: thing.ownSender, device: null, maxIntervalMs: null },
            }));
            plain.put(
              thing,
              [...before.map((each) => each.property), ...properties],
              [...before.map((each) => each.binding), ...added],
            );
            next += one.gap + one.keys.length;
            break;
          }
          case 'remove':
            held.remove(thingOf(one.number).id);
            plain.remove(thingOf(one.number).id);
            break;
          case 'bind': {
            const series = 1 + (one.at % next);
            const { sender, device: by, maxIntervalMs } = one.binding;
            const bound = { series, sender, device: device(by), maxIntervalMs: maxIntervalMs || null };
            held.bind(bound);
            const found = plain.bySeries.get(series);
            if (found !== undefined) found.binding = bound;
            break;
          }
          case 'send':
            held.sendThrough(thingOf(one.number).id, one.sender);
            for (const each of plain.of(thingOf(one.number).id)) {
              each.thing = { ...each.thing, ownSender: one.sender };
              if (each.binding.device === null) each.binding = { ...each.binding, sender: one.sender };
            }
        }
        expect(held.changes).toBeGreaterThan(before);
      }

      const all = Array.from({ length: next + 2 }, (_, series) => series);
      const found = all.map((series) => ({
        point: held.point(series),
        thing: held.thingOf(series),
        sender: held.directory.senderOf(series),
      }));
      expect(found).toEqual(
        all.map((series) => {
          const one = plain.bySeries.get(series);
          return { point: one && shown(one), thing: one?.thing, sender: one?.binding.sender ?? 0 };
        }),
      );
      for (const [series, { binding }] of plain.bySeries) expect(held.deviceOf(series)).toBe(binding.device);
      for (let number = 1; number <= 5; number++) {
        const { id } = thingOf(number);
        const expected = plain.of(id);
        expect(held.pointsOf(id)).toEqual(expected.map(shown));
        expect(held.thing(id)).toEqual(expected[0]?.thing);
        // What the device calls it counts where no key says it; of two such the later.
        for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
          const named =
            expected.find((each) => each.property.key === key) ??
            expected.findLast((each) => each.property.source === key);
          const { series, device: by } = named?.binding ?? {};
          expect(held.keyedPointsOf(id).get(key)).toEqual(
            named && { series, key: named.property.key, type: 'number', device: by },
          );
        }
      }
      expect(new Set(held.ids())).toEqual(new Set([...plain.bySeries.values()].map(({ thing }) => thing.id)));
    }),
    { numRuns: 100 },
  );
});

test('things with the same properties share them, and with the last such thing they go', () => {
  const layouts = new PointLayouts();
  const [two, other] = [JSON.stringify([property('a'), property('b')]), JSON.stringify([property('b'), property('a')])];
  const first = layouts.take(two);
  expect(layouts.take(two)).toBe(first);
  expect(layouts.take(other)).not.toBe(first);
  expect(layouts.size).toBe(2);
  layouts.letGo(first);
  expect(layouts.take(two)).toBe(first);
  layouts.letGo(first);
  layouts.letGo(first);
  expect(layouts.size).toBe(1);
});
