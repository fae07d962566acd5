import { setTimeout } from 'node:timers/promises';
import { createInbox, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import type { Relay, RelayAnswer } from './relay-contract.ts';

interface NatsQuestionsOptions {
  readonly connection: NatsConnection;
  /** Of the platform. */
  readonly name: string;
  /** This server's id. */
  readonly server: string;
  readonly lines: LogLines;
}

const helloEveryMs = 1000;
/** Who has said nothing for so long is not asked. */
const silentMs = 3500;
const waitForAnswerMs = 2000;
/** Long enough for everybody who is there to say so. */
const roundMs = 250;
const from = 'Luban-Server';
const last = 'Luban-Last';
/** The server is there and has nothing to say to such questions. */
const nothing = 'nothing';

/** Who of the servers is there, and questions to them. Resolves when those that are there have been heard of. */
export async function createNatsQuestions({ connection, name, server, lines }: NatsQuestionsOptions) {
  const heard = new Map<string, number>();
  const hello = `${name}.servers.hello`;
  const said = headers();
  said.set(from, server);

  function note({ data, headers: given }: Msg): void {
    const other = given?.get(from) ?? '';
    if (other === '' || other === server) return;
    const word = Buffer.from(data).toString();
    if (word === 'goodbye') heard.delete(other);
    else heard.set(other, performance.now());
    if (word === 'who?') connection.publish(hello, 'here', { headers: said });
  }

  connection.subscribe(hello, {
    callback: (error, message) => {
      if (error === null) note(message);
    },
  });
  const saying = setInterval(() => {
    if (!connection.isClosed()) connection.publish(hello, 'here', { headers: said });
  }, helloEveryMs);
  saying.unref();
  connection.publish(hello, 'who?', { headers: said });
  await connection.flush();
  await setTimeout(roundMs);

  function others(): string[] {
    const now = performance.now();
    for (const [other, atMs] of heard) if (now - atMs > silentMs) heard.delete(other);
    return [...heard.keys()];
  }

  const ask: Relay['ask'] = (subject, question, { of, waitMs = waitForAnswerMs } = {}) => {
    const open = new Set(of === undefined ? others() : [of]);
    if (open.size === 0) return Promise.resolve([]);
    const inbox = createInbox();
    const parts = new Map<string, Buffer[]>();
    const found: RelayAnswer[] = [];
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        clearInterval(watching);
        subscription.unsubscribe();
        resolve(found);
      };
      const timer = globalThis.setTimeout(finish, waitMs);
      // Who dies meanwhile need not be waited for.
      const watching = setInterval(() => {
        const there = new Set(others());
        for (const one of open) if (!there.has(one)) open.delete(one);
        if (open.size === 0) finish();
      }, helloEveryMs);
      const subscription = connection.subscribe(inbox, {
        callback(error, { data, headers: given }) {
          const other = given?.get(from) ?? '';
          if (error !== null || !open.has(other)) return;
          if (given?.get(last) === '') {
            const known = parts.get(other);
            if (known === undefined) parts.set(other, [Buffer.from(data)]);
            else known.push(Buffer.from(data));
            return;
          }
          open.delete(other);
          if (given?.get(last) !== nothing) found.push({ server: other, parts: parts.get(other) ?? [] });
          if (open.size === 0) finish();
        },
      });
      connection.publish(`${name}.servers.${of ?? 'all'}.${subject}`, question, { reply: inbox, headers: said });
    });
  };

  const answers = new Map<string, Parameters<Relay['answer']>[1]>();

  async function reply(message: Msg, subject: string): Promise<void> {
    const asker = message.headers?.get(from) ?? '';
    if (asker === server) return;
    const give = answers.get(subject);
    const parts = await give?.(Buffer.from(message.data), asker);
    for (const part of parts ?? []) message.respond(part, { headers: said });
    const end = headers();
    end.set(from, server);
    end.set(last, parts === undefined ? nothing : 'yes');
    message.respond(new Uint8Array(), { headers: end });
  }

  for (const to of ['all', server]) {
    const prefix = `${name}.servers.${to}.`;
    connection.subscribe(`${prefix}>`, {
      callback(error, message) {
        if (error !== null) return;
        const subject = message.subject.slice(prefix.length);
        reply(message, subject).catch((cause: unknown) =>
          lines('error', 'server not answered', { subject, cause: errorLine(cause) }),
        );
      },
    });
  }

  return {
    ask,
    answer: (subject: string, give: Parameters<Relay['answer']>[1]) => void answers.set(subject, give),
    others,
    close(): void {
      clearInterval(saying);
      if (!connection.isClosed()) connection.publish(hello, 'goodbye', { headers: said });
    },
  };
}
