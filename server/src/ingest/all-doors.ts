import type { ServerName } from '@luban/contracts';
import { z } from 'zod';
import type { Relay, RelayAnswer } from '../log/log.ts';
import { parseJson } from '../platform/json.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';

interface AllDoorsOptions {
  /** To the platform's other servers; undefined when there are none. */
  relay: Relay | undefined;
  self: ServerName;
  /** Whether this server is a door. */
  isDoor: boolean;
  /** Doors of other servers, also those that are silent. */
  others: () => readonly ServerName[];
  lines: LogLines;
}

export interface SaidByDoors<T> {
  readonly said: readonly { readonly server: ServerName; readonly items: readonly T[] }[];
  /** Doors that did not answer in time. */
  readonly notAnswering: ServerName[];
}

interface Question<Q, T> {
  readonly question: z.ZodType<Q>;
  readonly item: z.ZodType<T>;
  /** What this server's own door says. */
  readonly here: (question: Q) => readonly T[] | Promise<readonly T[]>;
}

export type AllDoors = ReturnType<typeof createAllDoors>;

/** Somebody looks at a page: better a page that says whom it did not hear. */
const waitMs = 1500;
/** Well below what NATS takes in one message by default. */
const partBytes = 512 << 10;

/** Questions to every door of the platform: a door knows only its own clients, and what they sent in vain. */
export function createAllDoors({ relay, self, isDoor, others, lines }: AllDoorsOptions) {
  async function askOthers(subject: string, question: unknown, of?: string): Promise<RelayAnswer[]> {
    if (relay === undefined || of === self.id) return [];
    try {
      return await relay.ask(subject, Buffer.from(JSON.stringify(question)), {
        waitMs,
        ...(of !== undefined && { of }),
      });
    } catch (error) {
      lines('warn', 'servers not asked', { subject, cause: errorLine(error) });
      return [];
    }
  }

  return {
    self,
    /** Whether it matters which server a client is at. */
    several: () => relay !== undefined && (others().length > 0 || relay.others().length > 0),
    /** Answers the question of other servers, and gives the function that asks all doors, this server's too, or one. */
    question<Q, T>(
      subject: string,
      { question, item, here }: Question<Q, T>,
    ): (asked: Q, of?: ServerName) => Promise<SaidByDoors<T>> {
      const told = z.object({ name: z.string(), items: z.array(item) });
      if (isDoor)
        relay?.answer(subject, async (asked) => {
          const items = await here(question.parse(parseJson(asked.toString('utf8'))));
          return inParts(Buffer.from(JSON.stringify({ name: self.name, items })));
        });

      function read({ server, parts }: RelayAnswer): SaidByDoors<T>['said'] {
        try {
          const { name, items } = told.parse(JSON.parse(Buffer.concat(parts).toString('utf8')));
          return [{ server: { id: server, name }, items }];
        } catch (error) {
          // A server of another version.
          lines('warn', 'answer not understood', { subject, server, cause: errorLine(error) });
          return [];
        }
      }

      return async (asked, of) => {
        const fromHere = isDoor && (of === undefined || of.id === self.id);
        const [items, answers] = await Promise.all([fromHere ? here(asked) : [], askOthers(subject, asked, of?.id)]);
        const said = [...(fromHere ? [{ server: self, items }] : []), ...answers.flatMap(read)];
        const heard = new Set(said.map(({ server }) => server.id));
        const expected = of !== undefined ? [of] : relay === undefined ? [] : others();
        return { said, notAnswering: expected.filter(({ id }) => !heard.has(id)) };
      };
    },
  };
}

function inParts(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += partBytes) parts.push(bytes.subarray(from, from + partBytes));
  return parts;
}
