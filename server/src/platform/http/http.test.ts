import { expect, test } from 'vitest';
import { createHttp } from './http.ts';

test('a request that never arrives whole is not waited for without end', async () => {
  const http = createHttp({ authenticate: async () => null, isOperator: () => false, log: () => undefined });
  await http.ready();
  expect(http.server.requestTimeout).toBeGreaterThan(0);
  expect(http.server.headersTimeout).toBeGreaterThan(0);
  await http.close();
});

test('a failed request is told in the log by the trace that the caller named, or by one of its own', async () => {
  const told: unknown[] = [];
  const http = createHttp({
    authenticate: async () => null,
    isOperator: () => false,
    log: (_level, _event, fields) => void told.push(fields?.traceId),
  });
  http.get('/api/fails', { config: { permission: 'public' } }, async () => {
    throw new Error('broken');
  });
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  const named = await http.inject({ url: '/api/fails', headers });
  expect(named.json()).toMatchObject({ status: 500, traceId });
  const own = await http.inject({ url: '/api/fails', headers: { traceparent: 'ff-x' } });
  expect(own.json().traceId).toMatch(/^[\da-f]{32}$/);
  expect(told).toEqual([traceId, own.json().traceId]);
  await http.close();
});
