import { crc32 } from 'node:zlib';
import { type FileSystem, replaceFile } from './file-system.ts';
import type { Consumer, JournalFault, Position } from './journal-contract.ts';
import { asJournalError, JournalError } from './journal-error.ts';

/** Named offsets, a file each: `consumers/<name>` holds `<position> <crc32 of name and position, hex>`. */
export interface ConsumerOffsets {
  consumer(name: string): Consumer;
  /** The lowest offset that any consumer has asked for; undefined when there is no consumer. */
  slowest(): Position | undefined;
  highest(): Position;
  drained(): Promise<void>;
}

interface Offset {
  committed: Position;
  /** Asked for, perhaps not yet durable: enough for trimming, since the consumer is done with all below it. */
  wanted: Position;
  writing: Promise<void> | undefined;
  queued: Promise<void> | undefined;
}

export interface ConsumerOffsetsParts {
  fileSystem: FileSystem;
  directory: string;
  bounds: () => { first: Position; next: Position };
  isClosed: () => boolean;
  report: (fault: JournalFault) => void;
  clock: () => number;
}

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

function encode(name: string, position: Position): string {
  return `${position} ${crc32(`${name} ${position}`).toString(16)}\n`;
}

function decode(name: string, text: string): Position | undefined {
  const position = Number.parseInt(text, 10);
  return Number.isSafeInteger(position) && position >= 0 && encode(name, position) === text ? position : undefined;
}

export async function openConsumerOffsets(parts: ConsumerOffsetsParts): Promise<ConsumerOffsets> {
  const { fileSystem, directory } = parts;
  const offsets = new Map<string, Offset>();
  for (const name of await fileSystem.readdir(directory)) {
    if (!NAME.test(name) || name.endsWith('.tmp')) continue;
    const position = decode(name, await fileSystem.readFile(`${directory}/${name}`, 'utf8'));
    if (position === undefined) parts.report({ kind: 'offset', at: parts.clock(), consumer: name });
    offsets.set(name, { committed: position ?? 0, wanted: position ?? 0, writing: undefined, queued: undefined });
  }

  async function write(name: string, offset: Offset): Promise<void> {
    const position = offset.wanted;
    try {
      await replaceFile(fileSystem, directory, name, Buffer.from(encode(name, position)));
    } catch (error) {
      throw asJournalError(error, `commit of consumer ${name}`);
    }
    offset.committed = position;
  }

  /** One write at a time; all who come meanwhile share the one after it, which writes the newest wish. */
  function schedule(name: string, offset: Offset): Promise<void> {
    if (offset.queued) return offset.queued;
    const start = async (before: Promise<void> | undefined): Promise<void> => {
      if (before) await before.then(undefined, () => undefined);
      offset.queued = undefined;
      offset.writing = write(name, offset).finally(() => {
        offset.writing = undefined;
      });
      await offset.writing;
    };
    offset.queued = start(offset.writing ?? Promise.resolve());
    return offset.queued;
  }

  return {
    consumer(name) {
      if (!NAME.test(name) || name.endsWith('.tmp')) {
        throw new JournalError('journal.name', `"${name}" can not name a consumer`);
      }
      const { first } = parts.bounds();
      const offset = offsets.get(name) ?? { committed: first, wanted: first, writing: undefined, queued: undefined };
      offsets.set(name, offset);
      return {
        name,
        get committed() {
          return offset.committed;
        },
        async commit(position) {
          if (parts.isClosed()) throw new JournalError('journal.closed', 'the journal is closed');
          const { next } = parts.bounds();
          if (!Number.isSafeInteger(position) || position < 0 || position > next) {
            throw new JournalError('journal.position', `${position} can not be committed: the journal ends at ${next}`);
          }
          if (position === offset.committed && !offset.writing && !offset.queued) return;
          offset.wanted = position;
          await schedule(name, offset);
        },
      };
    },
    slowest() {
      const all = [...offsets.values()].map((offset) => offset.wanted);
      return all.length === 0 ? undefined : Math.min(...all);
    },
    highest() {
      return Math.max(0, ...[...offsets.values()].map((offset) => offset.committed));
    },
    async drained() {
      const running = [...offsets.values()].flatMap((offset) => [offset.writing, offset.queued]);
      await Promise.allSettled(running);
    },
  };
}
