import type { TenantId } from '@luban/contracts';
import { expect, test } from 'vitest';
import { createFlow } from './flow.ts';

type Options = Parameters<typeof createFlow>[0];

const secret = 'ClickHouse at http://10.1.2.3:8123';
const histogram = {} as never;
/** A platform of which everything is out of order, and says where it stands. */
const broken = (tenants: number): Options => ({
  edges: { list: () => [] } as never,
  accounting: { ofTenant: () => ({ stored: 0, repeated: 0 }), check: () => ({}) } as never,
  trafficOf: async () => ({
    ...{ samplesPerSecond: 0, messagesPerSecond: 0, connections: 0 },
    notAnswering: [{ id: 'server:abc', name: secret }],
  }),
  log: {
    stats: () => ({
      ...{ bytes: 0, next: 0, healthy: false, appended: 0, appendedBytes: 0, syncs: histogram },
      fault: { code: 'log.unavailable', message: secret, sinceMs: 0 },
      damage: { message: secret, atMs: 0 },
    }),
  },
  telemetry: {
    stats: () =>
      ({ state: 'broken', cause: { code: 'telemetry.unavailable', detail: secret }, lagMs: 0, rows: 0 }) as never,
  },
  countTenants: async () => tenants,
  nowMs: () => 0,
  lines: () => undefined,
});

test.each([
  ['alone is told where what is broken stands', 1, true],
  ['among others is told only what is broken', 2, false],
])('a tenant %s', async (_, tenants, told) => {
  const flowOf = await createFlow(broken(tenants));
  const flow = await flowOf({ tenant: 'tenant:1' as TenantId, tenantNumber: 1 });
  expect(JSON.stringify(flow).includes(secret)).toBe(told);
  expect([flow.log.cause?.code, flow.storage.cause?.code, flow.ingest.state]).toEqual([
    ...['log.unavailable', 'telemetry.unavailable', 'broken'],
  ]);
  expect(flow.log.cause?.text.en).toContain('NATS');
});
