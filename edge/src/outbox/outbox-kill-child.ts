import { type DeviceId, toId, toSeries } from '@luban/contracts';
import { openOutbox } from './outbox.ts';

/** Run by outbox.test.ts until it is killed: goes on counting where the outbox ends, prints how many records it stored. */
const device: DeviceId = toId('device', 'device:01jqz7k3w0a1b2c3d4e5');
const outbox = await openOutbox({
  directory: process.argv[2]!,
  limitBytes: 1_000_000_000,
  onLoss: async (lost) => {
    throw new Error(JSON.stringify(lost));
  },
  onFault: (cause) => {
    process.stderr.write(`${JSON.stringify(cause)}\n`);
  },
  onDrained: () => undefined,
  now: Date.now,
});
let count = outbox.state().samplesPut;
for (;;) {
  const samples = Array.from({ length: 500 }, () => ({
    series: toSeries(1),
    time: 1_790_000_000_000_000 + count * 1000,
    value: count++,
    quality: 0,
    simulated: false,
  }));
  await outbox.put(device, samples);
  const stored = outbox.next;
  process.stdout.write(`${stored}\n`);
  await outbox.waitFor(stored, new AbortController().signal);
}
