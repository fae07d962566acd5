import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lubanBroker, mosquittoBroker } from './brokers.ts';
import { scriptOf } from './script.ts';
import { difference } from './script-difference.ts';
import { play } from './script-run.ts';
import { endClients } from './test-client.ts';

afterEach(endClients);

describe.skipIf(!existsSync('/usr/sbin/mosquitto'))('beside Mosquitto', () => {
  const luban = lubanBroker();
  const mosquitto = mosquittoBroker();
  beforeAll(() => Promise.all([luban.start(), mosquitto.start()]));
  afterAll(() => Promise.all([luban.remove(), mosquitto.remove()]));

  // Each run plays about thirty steps; a hundred times as many were played to find what is known.
  test('whatever clients do, they see the same of both, but for what is known of Mosquitto', async () => {
    let played = 0;
    const same = fc.asyncProperty(scriptOf(3, 40), async (script) => {
      const name = `script${played++}`;
      const [ours, theirs] = await Promise.all([play(luban, script, name), play(mosquitto, script, name)]);
      await endClients();
      expect(difference(script, ours, theirs)).toBeUndefined();
    });
    await fc.assert(same, { seed: 311_500, numRuns: 40, interruptAfterTimeLimit: 12_000 });
    expect(played).toBeGreaterThan(0);
  });
});
