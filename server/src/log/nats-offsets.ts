import { randomUUID } from 'node:crypto';
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { OffsetStore } from './log-contract.ts';
import { LogFault } from './log-fault.ts';
import { patiently } from './nats-stream.ts';

const name = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

interface Place {
  readonly position: number;
  /** Of the entry in the bucket; 0 while there is none. */
  readonly revision: number;
  /** The process that wrote it, and whose work it then completes. */
  readonly by: readonly string[];
}

function placeOf(entry: string, revision: number): Place {
  const [position = '', ...by] = entry.split(' ');
  return { position: Number.parseInt(position, 10), revision, by };
}

interface NatsOffsetsOptions {
  readonly bucket: KV;
  readonly bounds: () => { first: number; next: number };
  /** The newest message of a key, from the leader of the bucket: a copy may be behind. Null: there is none. */
  readonly newest: (key: string) => Promise<{ readonly seq: number; readonly data: Uint8Array } | null>;
}

/**
 * The consumers' places, in a replicated bucket that all servers share. An entry is the position and who wrote
 * it: so a server whose commit was kept and whose answer was lost knows the entry as its own. Behind that may stand whose
 * work the writer completes.
 */
export async function openNatsOffsets({ bucket, bounds, newest }: NatsOffsetsOptions) {
  const writer = randomUUID();
  /** Of all consumers, also those of other servers: for trimming. A commit of this server must not rest on it. */
  const known = new Map<string, Place>();
  const stores = new Map<string, OffsetStore>();

  function learn(of: string, place: Place): void {
    // A look that was under way during a commit must not undo it.
    if (place.revision > (known.get(of)?.revision ?? -1)) known.set(of, place);
  }

  async function refresh(): Promise<void> {
    for await (const key of await bucket.keys()) {
      const entry = await bucket.get(key);
      if (entry?.operation === 'PUT') learn(key, placeOf(entry.string(), entry.revision));
    }
  }
  await refresh();

  function openStore(of: string): OffsetStore {
    // Known at once, so that nothing is trimmed before its first commit.
    let place: Place = known.get(of) ?? { position: bounds().first, revision: 0, by: [] };
    learn(of, place);
    /** One commit at a time: each rests on the revision that the one before it left. */
    let turn: Promise<unknown> = Promise.resolve();

    function settle(next: Place): void {
      place = next;
      learn(of, next);
    }

    async function look(): Promise<Place | null> {
      const message = await newest(of);
      return message === null ? null : placeOf(Buffer.from(message.data).toString(), message.seq);
    }

    async function put(position: number, by: readonly string[]): Promise<void> {
      const revision = await bucket.put(of, [position, ...by].join(' '), { previousSeq: place.revision });
      settle({ position, revision, by });
    }

    async function commit(position: number, by: readonly string[]): Promise<void> {
      const { next } = bounds();
      if (position > next) throw new LogFault('log.position', `${of} commits ${position}; the log ends at ${next}`);
      try {
        await put(position, by).catch(async (error: unknown) => {
          if (!isConflict(error)) throw error;
          const found = await look();
          if (found === null || found.by[0] !== writer)
            throw new LogFault('log.position', `another server has committed ${of}`, { cause: error });
          settle(found);
          await put(position, by);
        });
      } catch (error) {
        if (error instanceof LogFault) throw error;
        if (isConflict(error))
          throw new LogFault('log.position', `another server has committed ${of}`, { cause: error });
        throw new LogFault('log.unavailable', `the place of ${of} was not kept`, { cause: error });
      }
    }

    function inTurn<T>(work: () => Promise<T>): Promise<T> {
      const mine = turn.then(work);
      turn = mine.catch(() => undefined);
      return mine;
    }

    return {
      get committed() {
        return place.position;
      },
      commit: (position) => inTurn(() => commit(position, [writer])),
      tenure: {
        own: writer,
        isLast: (tenure) => place.by.includes(tenure),
        begin: (after) => inTurn(() => commit(place.position, after === undefined ? [writer] : [writer, after])),
      },
      reload: () =>
        inTurn(async () => {
          try {
            // After the loss of a server there may be no leader for a moment.
            const found = await patiently(look);
            if (found !== null) settle(found);
          } catch (error) {
            throw new LogFault('log.unavailable', `the place of ${of} cannot be read`, { cause: error });
          }
        }),
    };
  }

  return {
    refresh,
    /** Everything below it every consumer has taken; undefined when there is no consumer. */
    slowest(): number | undefined {
      return known.size === 0 ? undefined : Math.min(...Array.from(known.values(), ({ position }) => position));
    },
    consumer(of: string): OffsetStore {
      if (!name.test(of)) throw new Error(`${of} is no name for a consumer`);
      const store = stores.get(of) ?? openStore(of);
      stores.set(of, store);
      return store;
    },
  };
}

function isConflict(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
}
