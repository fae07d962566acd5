import { type CollectedPoint, collectedPoint, type ModbusTcpAddress, modbusTcpAddress } from '@luban/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, planReads, splitBlock } from './modbus-plan.ts';

let series = 0;
const point = (address: number, change: Partial<ModbusTcpAddress> = {}): CollectedPoint =>
  collectedPoint.parse({
    series: ++series,
    name: `point at ${address}`,
    type: 'number',
    range: null,
    address: { protocol: 'modbus-tcp', ...modbusTcpAddress.parse({ area: 'holding', address, ...change }) },
  });
const limits = { maxGapRegisters: 8, maxRegistersPerRead: 125 };
const shape = (blocks: readonly Block[]) => blocks.map(({ area, address, count }) => ({ area, address, count }));

describe('planning reads', () => {
  it('reads neighbours, and points a small gap apart, in one request', () => {
    const { blocks } = planReads([point(10), point(0, { encoding: 'float32' }), point(2), point(30)], limits);
    expect(shape(blocks)).toEqual([
      { area: 'holding', address: 0, count: 11 },
      { area: 'holding', address: 30, count: 1 },
    ]);
  });

  it('never mixes areas, and counts gaps and lengths of bits sixteenfold', () => {
    const coil = { area: 'coil' as const };
    const { blocks } = planReads([point(0, coil), point(129, coil), point(1), point(400, coil)], limits);
    expect(shape(blocks)).toEqual([
      { area: 'coil', address: 0, count: 130 },
      { area: 'coil', address: 400, count: 1 },
      { area: 'holding', address: 1, count: 1 },
    ]);
  });

  it('reads a register once for all points in it', () => {
    const bits = [3, 1, 2].map((bit) => point(7, { encoding: 'bit', bit }));
    expect(shape(planReads(bits, limits).blocks)).toEqual([{ area: 'holding', address: 7, count: 1 }]);
  });

  it('names the points that no request can read', () => {
    const wrong = [
      point(65_535, { encoding: 'float32' }),
      point(0, { encoding: 'string' }),
      point(0, { encoding: 'float64' }),
    ];
    const plan = planReads(wrong, { ...limits, maxRegistersPerRead: 3 });
    expect(plan.blocks).toEqual([]);
    expect(plan.impossible).toHaveLength(3);
  });

  const anyPoint = fc
    .record({
      address: fc.integer({ min: 0, max: 600 }),
      area: fc.constantFrom<ModbusTcpAddress['area'][]>('holding', 'input', 'coil', 'discrete'),
      encoding: fc.constantFrom<ModbusTcpAddress['encoding'][]>('uint16', 'float32', 'float64', 'bit'),
    })
    .map(({ address, ...change }) => point(address, change));

  it('reads every point exactly once, within the limits, whatever the points', () => {
    fc.assert(
      fc.property(
        fc.array(anyPoint, { maxLength: 60 }),
        fc.integer({ min: 4, max: 125 }),
        fc.integer({ min: 0, max: 20 }),
        (points, maxRegistersPerRead, maxGapRegisters) => {
          const { blocks } = planReads(points, { maxRegistersPerRead, maxGapRegisters });
          const planned = blocks.flatMap((block) => block.points);
          expect(new Set(planned.map(({ point }) => point.series))).toEqual(new Set(points.map((p) => p.series)));
          expect(planned).toHaveLength(points.length);
          for (const block of blocks) {
            const unit = block.area === 'coil' || block.area === 'discrete' ? 16 : 1;
            expect(block.count).toBeLessThanOrEqual(maxRegistersPerRead * unit);
            for (const { address, offset, size } of block.points) {
              expect(address.area).toBe(block.area);
              expect(block.address + offset).toBe(address.address);
              expect(offset + size).toBeLessThanOrEqual(block.count);
            }
          }
        },
      ),
    );
  });

  it('splits down to single points without losing one', () => {
    fc.assert(
      fc.property(fc.array(anyPoint, { minLength: 1, maxLength: 40 }), (points) => {
        let blocks = planReads(points, limits).blocks;
        while (blocks.some((block) => block.points.length > 1)) blocks = blocks.flatMap(splitBlock);
        expect(blocks.map((block) => block.points[0]!.point.series).sort()).toEqual(points.map((p) => p.series).sort());
        for (const block of blocks) expect(block.count).toBe(block.points[0]!.size);
      }),
    );
  });

  it('splits first where nobody asked', () => {
    const [block] = planReads([point(0), point(1), point(2), point(9)], limits).blocks;
    expect(shape(splitBlock(block!))).toEqual([
      { area: 'holding', address: 0, count: 3 },
      { area: 'holding', address: 9, count: 1 },
    ]);
  });
});
