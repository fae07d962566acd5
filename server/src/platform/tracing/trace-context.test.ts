import { expect, test } from 'vitest';
import { newSpanId, newTraceId, parseTraceparent } from './trace-context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

test('the trace, the caller’s span and whether it records are read', () => {
  expect(parseTraceparent(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, sampled: true });
  expect(parseTraceparent(`00-${traceId}-${spanId}-00`)).toEqual({ traceId, spanId, sampled: false });
  expect(parseTraceparent(`00-${traceId}-${spanId}-03`)?.sampled).toBe(true);
});

test('a later version is read as far as it is known', () => {
  expect(parseTraceparent(`cc-${traceId}-${spanId}-01`)?.sampled).toBe(true);
  expect(parseTraceparent(`cc-${traceId}-${spanId}-01-what-comes-later`)?.traceId).toBe(traceId);
});

test.each([
  undefined,
  '',
  ['a', 'b'],
  `ff-${traceId}-${spanId}-01`,
  `00-${traceId}-${spanId}-01-more`,
  `cc-${traceId}-${spanId}-01.more`,
  `00-${'0'.repeat(32)}-${spanId}-01`,
  `00-${traceId}-${'0'.repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${traceId.slice(1)}-${spanId}-01`,
  `00-${traceId}-${spanId}-1`,
  `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
  `00-${traceId}-${spanId}`,
])('what is broken is as if it were not there: %s', (header) => {
  expect(parseTraceparent(header)).toBeNull();
});

test('new ids have the form that the header wants', () => {
  expect(parseTraceparent(`00-${newTraceId()}-${newSpanId()}-01`)).not.toBeNull();
});
