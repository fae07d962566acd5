import { JetStreamApiError, type JetStreamClient, type PubAck } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { createNatsAppender } from './nats-appender.ts';
import { positionIn } from './nats-group.ts';

test('an answer without a place in the stream acknowledges nothing: the same message is tried again', async () => {
  const answers: PubAck[] = [
    { stream: 'log', seq: 0, duplicate: true },
    { stream: 'log', seq: 7, duplicate: true },
  ];
  const sent: (string | undefined)[] = [];
  const stored: number[] = [];
  const appender = createNatsAppender({
    stream: {
      async publish(_subject: string, _payload: Uint8Array, options: { msgID?: string }) {
        sent.push(options.msgID);
        return answers.shift();
      },
    } as unknown as JetStreamClient,
    ...{ streamName: 'log', subject: 'log', writer: 'writer', maxMessageBytes: 1000 },
    onStored: (sequence) => void stored.push(sequence),
    makeRoom: async () => undefined,
  });
  expect(await appender.append(Uint8Array.of(1))).toBe(positionIn(7, 0, 1));
  expect(stored).toEqual([7]);
  expect(sent).toEqual(['writer-1', 'writer-1']);
  expect(appender.stats().fault).toBeNull();
});

test('a full stream in which no room can be made refuses with the code that senders know', async () => {
  const appender = createNatsAppender({
    stream: {
      publish: () =>
        Promise.reject(new JetStreamApiError({ code: 400, err_code: 10077, description: 'maximum bytes exceeded' })),
    } as unknown as JetStreamClient,
    ...{ streamName: 'log', subject: 'log', writer: 'writer', maxMessageBytes: 1000 },
    onStored: () => undefined,
    makeRoom: () => Promise.reject(new Error('fewer than two of the three servers agree')),
  });
  await expect(appender.append(Uint8Array.of(1))).rejects.toMatchObject({ code: 'log.unavailable' });
  expect(appender.stats().fault).toMatchObject({ code: 'log.unavailable' });
});
