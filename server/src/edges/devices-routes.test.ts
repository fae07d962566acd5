import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createApp } from '../app.ts';
import { readConfig } from '../config.ts';

test('a kept OPC UA password is not shown, and does not go to another address', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'luban-devices-'));
  const config = readConfig({ LUBAN_DATA: dataDirectory, LUBAN_HTTP_PORT: '0', LUBAN_MQTT_PORT: '0' });
  const app = await createApp({
    config,
    lines: () => undefined,
    launcher: null,
    nowUs: () => Date.now() * 1000,
    end: () => undefined,
  });
  const { user } = await app.identity.createTenant({
    name: 'Works',
    timeZone: 'UTC',
    language: 'en',
    owner: { name: 'Owner', email: 'owner@works.example', password: null },
  });
  const signedIn = await app.identity.signInByLink(await app.identity.createSignInLink(user.id));
  if (signedIn === 'link-used') throw new Error('the link was not good');
  const headers = { cookie: `luban_session=${signedIn.token}`, 'x-luban-request': '1' };
  const call = async (method: 'POST' | 'PUT', url: string, payload: object) =>
    (await app.http.inject({ method, url, headers, payload })).json();

  const edge = await call('POST', '/api/v1/edges', { name: 'Edge' });
  const settings = { endpointUrl: 'opc.tcp://plc:4840', user: { name: 'luban', password: 'very secret' } };
  const device = { name: 'PLC', edge: edge.id, protocol: 'opc-ua', settings };
  const made = await call('POST', '/api/v1/devices', device);
  expect(JSON.stringify(made)).not.toContain('very secret');

  const emptied = { ...settings, user: { name: 'luban', password: '' } };
  const renamed = await call('PUT', `/api/v1/devices/${made.id}`, { ...device, name: 'PLC 1', settings: emptied });
  expect(renamed.name).toBe('PLC 1');
  expect((await app.edges.device(signedIn.me.tenant.id, made.id)).settings).toMatchObject(settings);

  const elsewhere = { ...device, settings: { ...emptied, endpointUrl: 'opc.tcp://thief:4840' } };
  expect(await call('PUT', `/api/v1/devices/${made.id}`, elsewhere)).toMatchObject({
    code: 'request.invalid',
    errors: [{ pointer: '/settings/user/password' }],
  });
  expect((await app.edges.device(signedIn.me.tenant.id, made.id)).settings).toMatchObject(settings);
  await app.http.close();
});
