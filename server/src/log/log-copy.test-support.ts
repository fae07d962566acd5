import { createInbox, type NatsConnection } from '@nats-io/transport-node';
import { connectNats } from './nats-connection.ts';

/** What the tool `nats stream backup` writes: how a stream is made, where it stands, and its messages, packed. */
interface StreamCopy {
  readonly name: string;
  readonly config: unknown;
  readonly state: unknown;
  readonly chunks: readonly Uint8Array[];
}

/** Copies of the consumers' places and of the log, in this order, by JetStream's own snapshots. */
export async function copyLog(address: string): Promise<StreamCopy[]> {
  const { connection, address: parsed } = await connectNats(address, () => undefined);
  try {
    return [await copyStream(connection, `KV_${parsed.name}-offsets`), await copyStream(connection, parsed.name)];
  } finally {
    await connection.close();
  }
}

/** The same streams again where there are none of these names, with the numbers that their messages had. */
export async function restoreLog(address: string, copies: readonly StreamCopy[]): Promise<void> {
  const { connection } = await connectNats(address, () => undefined);
  try {
    for (const copy of copies) await restoreStream(connection, copy);
  } finally {
    await connection.close();
  }
}

async function copyStream(connection: NatsConnection, name: string): Promise<StreamCopy> {
  const deliver_subject = createInbox();
  const coming = connection.subscribe(deliver_subject);
  const { config, state } = await ask(connection, `$JS.API.STREAM.SNAPSHOT.${name}`, { deliver_subject });
  const chunks: Uint8Array[] = [];
  for await (const message of coming) {
    if (message.data.length === 0) break;
    chunks.push(message.data.slice());
    message.respond();
  }
  return { name, config, state, chunks };
}

async function restoreStream(connection: NatsConnection, { name, config, state, chunks }: StreamCopy): Promise<void> {
  const { deliver_subject } = await ask(connection, `$JS.API.STREAM.RESTORE.${name}`, { config, state });
  for (const chunk of chunks) await connection.request(String(deliver_subject), chunk, { timeout: 30_000 });
  await ask(connection, String(deliver_subject), undefined);
}

async function ask(connection: NatsConnection, subject: string, body: unknown): Promise<Record<string, unknown>> {
  const message = body === undefined ? '' : JSON.stringify(body);
  const answer = (await connection.request(subject, message, { timeout: 30_000 })).json<Record<string, unknown>>();
  if (answer.error !== undefined) throw new Error(`${subject}: ${JSON.stringify(answer.error)}`);
  return answer;
}
