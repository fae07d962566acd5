import { expect, test } from 'vitest';
import { createHttp } from './http.ts';

test('a request that never arrives whole is not waited for without end', async () => {
  const http = createHttp({ authenticate: async () => null, isOperator: () => false, log: () => undefined });
  await http.ready();
  expect(http.server.requestTimeout).toBeGreaterThan(0);
  expect(http.server.headersTimeout).toBeGreaterThan(0);
  await http.close();
});
