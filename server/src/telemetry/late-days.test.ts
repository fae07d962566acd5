import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLateDays } from './late-days.ts';

const hourUs = 3_600_000_000;

const sample = fc.record({
  // Two numbers that fall on one place too.
  series: fc.constantFrom(1, 2, 3, 16_385, 32_769),
  hour: fc.integer({ min: 0, max: 80 }),
  us: fc.integer({ min: 0, max: hourUs - 1 }),
});
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      tenant: fc.integer({ min: 1, max: 2 }),
      samples: fc.array(sample),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('done' as const), rolledUp: fc.boolean() }) },
);

test('a batch marks what its samples would mark one by one, whatever is rolled up meanwhile', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 40, max: 90 }),
      (steps, fromHour, toHour) => {
        const [batches, singles] = [createLateDays(() => 0), createLateDays(() => 0)];
        let taken = false;
        for (const one of steps) {
          if (one.kind === 'batch') {
            const { samples, tenant } = one;
            const series = Uint32Array.from(samples, (it) => it.series);
            const time = Float64Array.from(samples, ({ hour, us }) => hour * hourUs + us);
            batches.markBatch(tenant, { count: samples.length, series, time }, fromHour, toHour * hourUs);
            for (const { hour, series: of } of samples)
              if (hour >= fromHour && hour < toHour) singles.mark(tenant, of, hour);
          } else if (one.kind === 'take') {
            if (!taken) taken = batches.take(1) !== undefined && singles.take(1) !== undefined;
          } else if (taken) {
            batches.done(one.rolledUp);
            singles.done(one.rolledUp);
            taken = false;
          }
          for (const tenant of [1, 2])
            for (const of of [1, 2, 3, 16_385, 32_769])
              expect(batches.hours(tenant, new Set([of]), 0, 100)).toEqual(
                singles.hours(tenant, new Set([of]), 0, 100),
              );
        }
        const order = (days: ReturnType<typeof batches.takeChanged>) =>
          [...days].sort((a, b) => a.tenant - b.tenant || a.day - b.day || a.series - b.series);
        expect(order(batches.takeChanged())).toEqual(order(singles.takeChanged()));
      },
    ),
  );
});

test('a day with very many late series counts as late as a whole', () => {
  const late = createLateDays(() => 0);
  const series = Uint32Array.from({ length: 6000 }, (_, i) => i + 1);
  late.markBatch(1, { count: 6000, series, time: new Float64Array(6000).fill(30 * hourUs) }, 0, 99 * hourUs);
  expect(late.hours(1, new Set([999_999]), 24, 48)).toHaveLength(24);
  expect(late.takeChanged().filter(({ hours }) => hours !== 0)).toEqual([
    { tenant: 1, day: 1, series: 0, hours: 0xff_ffff },
  ]);
});
