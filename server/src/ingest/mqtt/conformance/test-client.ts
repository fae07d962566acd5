import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import {
  generate,
  type IConnackPacket,
  type IPublishPacket,
  type ISubackPacket,
  type ISubscription,
  type IUnsubackPacket,
  type Packet,
  parser,
} from 'mqtt-packet';
import type { TestBroker } from './brokers.ts';

type Command = Exclude<Packet['cmd'], undefined>;
type Of<C extends Command> = Extract<Packet, { cmd: C }>;

export interface ConnectOptions {
  readonly clientId?: string;
  readonly clean?: boolean;
  readonly keepalive?: number;
  readonly username?: string;
  readonly password?: string;
  readonly will?: Record<string, unknown>;
  readonly properties?: Record<string, unknown>;
}

export interface PublishOptions {
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly properties?: IPublishPacket['properties'];
}

export interface SubscribeOptions extends Partial<Omit<ISubscription, 'topic'>> {
  readonly properties?: Record<string, unknown>;
}

const WAIT_MS = 10_000;

/** A client that shows every packet, and acknowledges what it gets unless told not to. */
export class TestClient {
  readonly version: 4 | 5;
  readonly clientId: string;
  readonly socket: Socket;
  /** Messages in the order in which they came, also repeated ones. */
  readonly messages: IPublishPacket[] = [];
  /** Bytes of each packet that came. */
  readonly sizes: number[] = [];
  /** Identifiers of each PUBREL that came. */
  readonly released: number[] = [];
  acknowledging = true;
  connack!: IConnackPacket;
  closed = false;
  readonly #packets: Packet[] = [];
  readonly #wakers = new Set<() => void>();
  #lastId = 0;

  constructor(port: number, version: 4 | 5, clientId: string) {
    this.version = version;
    this.clientId = clientId;
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const incoming = parser({ protocolVersion: version });
    incoming.on('packet', (packet) => this.#take(packet));
    this.socket.on('data', (chunk) => incoming.parse(chunk));
    this.socket.on('error', () => this.socket.destroy());
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet, { protocolVersion: this.version }));
  }

  sendBytes(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** What was sent is on its way, in a segment of its own. */
  async written(): Promise<void> {
    await new Promise((resolve) => this.socket.write('', resolve));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** The next packet of that kind that was not taken yet. */
  async next<C extends Command>(command: C): Promise<Of<C>> {
    let found: Packet | undefined;
    await this.#until(() => {
      const at = this.#packets.findIndex(({ cmd }) => cmd === command);
      if (at >= 0) [found] = this.#packets.splice(at, 1);
      return found !== undefined;
    }, command);
    return found as Of<C>;
  }

  /** The first `count` messages; more may come later. */
  async got(count: number): Promise<IPublishPacket[]> {
    await this.#until(() => this.messages.length >= count, `${count} messages, got ${this.messages.length}`);
    return this.messages.slice(0, count);
  }

  /** Everything that the broker has for this client has come. */
  async settle(): Promise<IPublishPacket[]> {
    for (let times = 0; times < 2; times++) {
      this.send({ cmd: 'pingreq' });
      await this.next('pingresp');
    }
    return this.messages;
  }

  async end(): Promise<void> {
    await this.#until(() => this.closed, 'the end of the connection', true);
  }

  async subscribe(filter: string | readonly string[], options: SubscribeOptions = {}): Promise<ISubackPacket> {
    const { properties, ...rest } = options;
    const filters = typeof filter === 'string' ? [filter] : filter;
    const subscriptions = filters.map((topic) => ({ topic, qos: 2 as const, nl: false, rap: false, rh: 0, ...rest }));
    this.send({ cmd: 'subscribe', messageId: this.#id(), subscriptions, ...(properties && { properties }) });
    return this.next('suback');
  }

  async unsubscribe(...unsubscriptions: string[]): Promise<IUnsubackPacket> {
    this.send({ cmd: 'unsubscribe', messageId: this.#id(), unsubscriptions });
    return this.next('unsuback');
  }

  /** Resolves when it is acknowledged, with the reason code. */
  async publish(topic: string, payload: string | Buffer, options: PublishOptions = {}): Promise<number> {
    const { qos = 0, retain = false, properties } = options;
    const messageId = qos === 0 ? undefined : this.#id();
    const packet = { cmd: 'publish', topic, payload, qos, retain, dup: false, messageId } as IPublishPacket;
    this.send({ ...packet, ...(properties && { properties }) });
    if (qos === 1) return (await this.next('puback')).reasonCode ?? 0;
    if (qos === 0) return 0;
    const { reasonCode = 0 } = await this.next('pubrec');
    if (reasonCode >= 0x80) return reasonCode;
    this.send({ cmd: 'pubrel', messageId: messageId! });
    await this.next('pubcomp');
    return reasonCode;
  }

  /** Says goodbye. */
  async disconnect(properties?: Record<string, unknown>, reasonCode = 0): Promise<void> {
    this.send({ cmd: 'disconnect', reasonCode, ...(properties && { properties }) } as Packet);
    this.socket.end();
    await this.end();
  }

  /** The connection breaks. */
  async break(): Promise<void> {
    this.socket.destroy();
    await this.end();
  }

  #take(packet: Packet): void {
    this.sizes.push((packet.length ?? 0) + ((packet.length ?? 0) > 127 ? 3 : 2));
    if (packet.cmd === 'publish') {
      this.messages.push(packet);
      if (this.acknowledging && packet.qos === 1) this.send({ cmd: 'puback', messageId: packet.messageId! });
      if (this.acknowledging && packet.qos === 2) this.send({ cmd: 'pubrec', messageId: packet.messageId! });
    } else if (packet.cmd === 'pubrel') {
      this.released.push(packet.messageId!);
      if (this.acknowledging) this.send({ cmd: 'pubcomp', messageId: packet.messageId! });
    } else this.#packets.push(packet);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }

  async #until(done: () => boolean, what: string, endIsFine = false): Promise<void> {
    const startedAt = performance.now();
    while (!done()) {
      if (this.closed && !endIsFine) throw new Error(`the connection ended before ${what}`);
      if (performance.now() - startedAt > WAIT_MS) throw new Error(`waited in vain for ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, 500);
        const wakers = this.#wakers;
        function wake() {
          clearTimeout(timer);
          wakers.delete(wake);
          resolve();
        }
        wakers.add(wake);
      });
    }
  }

  #id(): number {
    this.#lastId = (this.#lastId % 65_535) + 1;
    return this.#lastId;
  }
}

const open: TestClient[] = [];

/** Ends all clients of a test. */
export async function endClients(): Promise<void> {
  await Promise.all(open.splice(0).map((client) => client.break()));
}

/** Sends CONNECT and reads CONNACK, whatever it says. */
export async function attempt(broker: TestBroker, version: 4 | 5, options: ConnectOptions = {}): Promise<TestClient> {
  const { clientId = `c-${randomUUID().slice(0, 8)}`, clean = true, keepalive = 0, ...rest } = options;
  const client = new TestClient(broker.port, version, clientId);
  open.push(client);
  client.send({
    ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, clientId, clean, keepalive },
    ...rest,
  } as Packet);
  client.connack = await client.next('connack');
  return client;
}

/** A client that is connected. */
export async function connected(broker: TestBroker, version: 4 | 5, options: ConnectOptions = {}): Promise<TestClient> {
  const client = await attempt(broker, version, options);
  const { returnCode, reasonCode } = client.connack;
  const code = version === 4 ? returnCode : reasonCode;
  if (code !== 0) throw new Error(`CONNACK says ${code}`);
  return client;
}

/** A client whose session outlives its connection. */
export function persistent(broker: TestBroker, version: 4 | 5, options: ConnectOptions = {}): Promise<TestClient> {
  const properties = { sessionExpiryInterval: 600, ...options.properties };
  return connected(broker, version, { clean: false, ...options, ...(version === 5 && { properties }) });
}

/** A connection without CONNECT. */
export function bare(broker: TestBroker, version: 4 | 5): TestClient {
  const client = new TestClient(broker.port, version, '');
  open.push(client);
  return client;
}

let topics = 0;
/** A topic that no other test uses. */
export function freshTopic(): string {
  topics++;
  return `t${process.pid}/${topics}`;
}

export function texts(messages: readonly IPublishPacket[]): string[] {
  return messages.map(({ payload }) => payload.toString());
}
