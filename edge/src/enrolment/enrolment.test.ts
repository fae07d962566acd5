import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../broker-fixture.ts';
import { enrol } from './enrolment.ts';

const token = 't'.repeat(24);
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'luban-enrolment-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function door(port: number, answer: (count: number) => [status: number, body: unknown]) {
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      bodies.push(JSON.parse(text));
      const [status, body] = answer(bodies.length);
      response.statusCode = status;
      response.end(JSON.stringify(body));
    });
  });
  const listening = new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { bodies, listening, close: () => server.close() };
}

test('waits for a platform that is not there yet, says why, and keeps what it got', async () => {
  const port = await freePort();
  const waits: (string | undefined)[] = [];
  const credentials = { edge: newId('edge'), key: 'secret', mqttPort: 1883 };
  let platform: ReturnType<typeof door> | null = null;
  const enrolled = enrol({
    directory,
    platform: `http://127.0.0.1:${port}`,
    token,
    signal: new AbortController().signal,
    onWaiting: ({ detail }) => {
      waits.push(detail);
      platform ??= door(port, (count) => (count === 1 ? [503, {}] : [200, credentials]));
    },
  });
  expect(await enrolled).toEqual(credentials);
  expect(waits[0]).toContain('ECONNREFUSED');
  expect(waits).toContain('HTTP 503');
  expect(platform!.bodies[0]).toMatchObject({ token, software: expect.stringContaining('luban-edge') });
  expect(JSON.parse(await readFile(join(directory, 'credentials.json'), 'utf8'))).toEqual(credentials);
  platform!.close();
}, 20_000);

test.each([
  [410, {}, 'enrolment.refused'],
  [200, { edge: 'edge:wrong' }, 'enrolment.answer'],
])('an answer %i %o ends the enrolment with %s', async (status, body, code) => {
  const port = await freePort();
  const platform = door(port, () => [status, body]);
  await platform.listening;
  const options = { directory, platform: `http://127.0.0.1:${port}`, token, signal: new AbortController().signal };
  await expect(enrol({ ...options, onWaiting: () => undefined })).rejects.toMatchObject({ code });
  platform.close();
});

test('damaged credentials are said to be damaged, not overwritten', async () => {
  await writeFile(join(directory, 'credentials.json'), '{');
  const options = { directory, platform: 'http://127.0.0.1:1', token, signal: new AbortController().signal };
  await expect(enrol({ ...options, onWaiting: () => undefined })).rejects.toMatchObject({ code: 'state.damaged' });
});

test('gives up waiting when the edge is stopped', async () => {
  const stop = new AbortController();
  const options = { directory, platform: `http://127.0.0.1:${await freePort()}`, token, signal: stop.signal };
  expect(await enrol({ ...options, onWaiting: () => stop.abort() })).toBeNull();
});
