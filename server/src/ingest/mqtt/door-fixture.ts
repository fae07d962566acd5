import { connect, type Socket } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';
import {
  createMqttDoor,
  type MqttDoor,
  type MqttDoorHandlers,
  type MqttDoorOptions,
  type MqttPeer,
} from './mqtt-door.ts';

/** A running door for tests, with everything that its handlers saw. */
export interface DoorFixture {
  readonly door: MqttDoor<string>;
  readonly port: number;
  readonly messages: { clientId: string; topic: string; payload: string }[];
  readonly closed: string[];
  readonly log: { level: string; event: string; fields: Record<string, unknown> }[];
}

/** User name is identity, password is `secret`, only `luban/` may be subscribed to; each can be replaced. */
export async function openDoor(
  options: Partial<MqttDoorOptions> = {},
  handlers: Partial<MqttDoorHandlers<string>> = {},
): Promise<DoorFixture> {
  const messages: DoorFixture['messages'] = [];
  const closed: string[] = [];
  const log: DoorFixture['log'] = [];
  const door = createMqttDoor<string>(
    { host: '127.0.0.1', port: 0, log: (level, event, fields) => log.push({ level, event, fields }), ...options },
    {
      authenticate: async ({ username, password }) =>
        password?.toString() === 'secret' && username !== undefined ? username : null,
      publish: (peer: MqttPeer<string>, topic, payload) => {
        messages.push({ clientId: peer.clientId, topic, payload: payload.toString() });
        return { ok: true };
      },
      ownerOf: (name) => ({ tenant: 'tenant', name }),
      mayPublish: () => 'take',
      maySubscribe: (_identity, filter) => filter.startsWith('luban/'),
      closed: (_peer, reason) => closed.push(reason),
      ...handlers,
    },
  );
  const { port } = await door.start();
  return { door, port, messages, closed, log };
}

/** A client that sends any bytes and shows every packet that it gets. */
export interface RawClient {
  readonly socket: Socket;
  readonly packets: Packet[];
  send(packet: Packet): void;
  sendBytes(bytes: Uint8Array): void;
  /** The next packet that has not been taken yet; `closed` when the connection ended before. */
  next(): Promise<Packet | 'closed'>;
  readonly closed: Promise<void>;
}

export function rawClient(port: number, protocolVersion: 4 | 5): RawClient {
  const socket = connect({ host: '127.0.0.1', port });
  const packets: Packet[] = [];
  const waiting: ((packet: Packet | 'closed') => void)[] = [];
  let taken = 0;
  let ended = false;
  const incoming = parser({ protocolVersion });
  incoming.on('packet', (packet) => {
    packets.push(packet);
    if (waiting.length > 0) {
      taken++;
      waiting.shift()!(packet);
    }
  });
  socket.on('data', (chunk) => incoming.parse(chunk));
  // A reset is one of the ways in which a door may close; the tests look at `closed`.
  socket.on('error', () => socket.destroy());
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      ended = true;
      for (const take of waiting.splice(0)) take('closed');
      resolve();
    });
  });
  return {
    socket,
    packets,
    closed,
    send: (packet) => void socket.write(generate(packet, { protocolVersion })),
    sendBytes: (bytes) => void socket.write(bytes),
    next() {
      if (taken < packets.length) return Promise.resolve(packets[taken++]!);
      if (ended) return Promise.resolve('closed');
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

export function connectPacket(protocolVersion: 4 | 5, over: Record<string, unknown> = {}): Packet {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion,
    clean: true,
    clientId: 'raw',
    keepalive: 0,
    username: 'line-1',
    password: Buffer.from('secret'),
    ...over,
  } as Packet;
}

export function publishPacket(messageId: number, payload = 'x', over: Record<string, unknown> = {}): Packet {
  return { cmd: 'publish', topic: 'a/b', payload, qos: 1, messageId, dup: false, retain: false, ...over } as Packet;
}

/** A client that is through CONNACK. */
export async function connectedClient(
  port: number,
  protocolVersion: 4 | 5,
  over: Record<string, unknown> = {},
): Promise<RawClient> {
  const client = rawClient(port, protocolVersion);
  client.send(connectPacket(protocolVersion, over));
  const answer = await client.next();
  if (answer === 'closed' || answer.cmd !== 'connack') throw new Error('no CONNACK');
  return client;
}
