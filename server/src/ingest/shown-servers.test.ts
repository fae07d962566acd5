import type { TenantId } from '@luban/contracts';
import { expect, test } from 'vitest';
import { createShownServers } from './shown-servers.ts';

const tenant = 'tenant:1' as TenantId;
const server = { id: 'server:abc', name: 'plant-3.works.example' };
const found = {
  items: [
    { server, clientId: 'x' },
    { server: null, clientId: 'y' },
  ],
  next: null,
  notAnswering: [server],
};

test('a tenant that has the platform for itself sees what its machines are called, others do not', async () => {
  const own = createShownServers(async () => true);
  expect([await own.clients(tenant, found), await own.page(tenant, found)]).toEqual([found, found]);
  const shared = createShownServers(async () => false);
  const told = [
    await shared.clients(tenant, found),
    await shared.page(tenant, { ...found, items: [] }),
    await shared.client(tenant, found.items[0]!),
  ];
  expect(JSON.stringify(told)).not.toContain('works.example');
  expect(told[0]).toMatchObject({
    items: [{ server: { id: server.id } }, { server: null }],
    notAnswering: [{ id: server.id }],
  });
});
