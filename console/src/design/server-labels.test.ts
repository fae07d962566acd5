import { expect, test } from 'vitest';
import { serverLabels } from './server-labels.ts';

test('a server is called by its host name, and of several on one host by the end of its id too', () => {
  const servers = [
    { id: 'server:aaaa0001', name: 'one' },
    { id: 'server:aaaa0002', name: 'two' },
    { id: 'server:aaaa0003', name: 'two' },
    { id: 'server:aaaa0001', name: 'one' },
  ];
  expect(servers.map(serverLabels(servers))).toEqual(['one', 'two (0002)', 'two (0003)', 'one']);
});
