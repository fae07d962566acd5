import { expect, test } from 'vitest';
import { ZodError } from 'zod';
import { readReport } from './huawei-iotda.ts';

test('a report names a property by its service where the model does', () => {
  const report = {
    services: [
      { service_id: 'Battery', properties: { level: 80, volts: 3.3 }, event_time: '20151212T121212Z' },
      { service_id: 'Door', properties: { open: true } },
    ],
  };
  expect(readReport(report, (key) => key === 'Battery.level')).toEqual([
    { timeUs: Date.UTC(2015, 11, 12, 12, 12, 12) * 1000, values: { 'Battery.level': 80, volts: 3.3 } },
    { timeUs: null, values: { open: true } },
  ]);
  const withMs = { services: [{ service_id: 's', properties: {}, event_time: '2015-12-12T12:12:12.123Z' }] };
  expect(readReport(withMs, () => false)[0]?.timeUs).toBe(Date.UTC(2015, 11, 12, 12, 12, 12, 123) * 1000);
});

test('a report of another shape, or of a time that is none, is refused', () => {
  for (const bad of [null, {}, { services: [] }, { services: [{ service_id: 's' }] }])
    expect(() => readReport(bad, () => true)).toThrow(ZodError);
  const late = { services: [{ service_id: 's', properties: {}, event_time: 'yesterday' }] };
  expect(() => readReport(late, () => true)).toThrow('20151212T121212Z');
});
