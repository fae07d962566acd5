import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Packet } from 'mqtt-packet';
import type { PublishOutcome, TopicUse } from '../door-contract.ts';
import { type MqttRefusal, mqttReasons } from '../mqtt-reasons.ts';
import type { MessageContent } from '../session/message.ts';
import type { Session } from '../session/session.ts';
import type { OpenedSession } from '../session/sessions.ts';
import { type ConnectRequest, readConnect } from '../wire/connect-request.ts';
import { encode, type MqttVersion, rejection } from '../wire/control-packets.ts';
import { ClientLink } from './client-link.ts';
import { ClientPackets, type ClientPacketsOwner } from './client-packets.ts';
import { directDelivery } from './direct-delivery.ts';
import type { DoorConnection, DoorShared } from './door-shared.ts';
import type { TurnTaker } from './door-turns.ts';
import { type Authenticated, admit, authenticate, claim, greeting, openSession } from './handshake.ts';
import { Outgoing } from './outgoing.ts';
import { type Hold, PacketInput } from './packet-input.ts';
import { type IntakeOwner, PublishIntake } from './publish-intake.ts';

/** `opening`: authenticated, until what CONNACK promises is durable. */
type State = 'new' | 'authenticating' | 'opening' | 'connected' | 'closing' | 'closed';

const PUBLISH_TYPE = 3;
const PINGREQ = 0xc0;
const PINGRESP = Buffer.from([0xd0, 0]);

/** One client's connection: reads packets in slices, stops reading while too much is in flight, and ends with a reason. */
export class MqttConnection<Identity> implements DoorConnection<Identity>, TurnTaker, IntakeOwner, ClientPacketsOwner {
  readonly id: string = randomUUID();
  readonly remote: string;
  clientId = '';
  identity!: Identity;
  queued = false;
  unflushed = false;

  readonly #socket: Duplex;
  readonly #shared: DoorShared<Identity>;
  readonly #overCapacity: boolean;
  readonly #input: PacketInput;
  readonly #outgoing: Outgoing;
  readonly #intake: PublishIntake;
  #packets: ClientPackets | undefined;
  #session: Session | undefined;
  readonly #openedAt = performance.now();
  #state: State = 'new';
  #version: MqttVersion = 4;
  #maximumPacketBytes = Number.POSITIVE_INFINITY;
  #keepAliveMs = 0;
  #heardAt = this.#openedAt;
  #closingSince = 0;
  /** Who was dismissed while the login was under way. */
  #dismissed: ((identity: Identity) => boolean)[] = [];

  constructor(socket: Duplex, remote: string, shared: DoorShared<Identity>, overCapacity: boolean) {
    this.#socket = socket;
    this.#shared = shared;
    this.#overCapacity = overCapacity;
    this.remote = remote;
    this.#input = new PacketInput(socket, shared);
    this.#outgoing = new Outgoing(socket, () => shared.turns.flush(this));
    this.#intake = new PublishIntake(this, shared, this.#outgoing);
  }

  start(): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => this.#arrived(chunk));
    socket.on('end', () => {
      this.#input.ended = true;
      this.#shared.turns.read(this);
    });
    socket.on('drain', () => {
      this.#release('writes');
      this.#session?.deliveries.pump();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#shared.log('debug', 'mqtt.socket-error', { ...this.who(), code: error.code });
    });
    socket.on('close', () => this.#closed());
  }

  get version(): MqttVersion {
    return this.#version;
  }

  get connected(): boolean {
    return this.#state === 'connected';
  }

  publish(topic: string, payload: Uint8Array, qos: 0 | 1): Promise<boolean> {
    if (this.#state !== 'connected' || this.#session === undefined) return Promise.resolve(false);
    return directDelivery(this.#session, this.#outgoing.unsentBytes, this.#shared.limits, topic, payload, qos, () =>
      this.refuse('write-timeout', 'too much waits for the client to read or acknowledge it'),
    );
  }

  // ---- what its parts ask of it

  mayPublish(topic: string): TopicUse {
    return this.#shared.handlers.mayPublish(this.identity, topic);
  }

  take(topic: string, payload: Buffer, properties: Buffer): PublishOutcome | Promise<PublishOutcome> {
    this.#shared.received++;
    return this.#shared.handlers.publish(this, topic, payload, properties);
  }

  handOn(use: TopicUse, content: MessageContent, messageId: number): PublishOutcome | Promise<PublishOutcome> {
    this.#shared.received++;
    return this.#shared.broker.publish({ peer: this, session: this.#session!, use, content, messageId });
  }

  maySubscribe(filter: string): boolean {
    return this.#shared.handlers.maySubscribe(this.identity, filter);
  }

  subscribed(filter: string): void {
    this.#guarded(() => this.#shared.handlers.subscribed?.(this, filter));
  }

  goodbye(withWill: boolean): void {
    this.#end('the client said goodbye', undefined, withWill);
  }

  disconnect(reason: MqttRefusal): void {
    if (this.#state === 'opening') this.#reject(reason);
    else this.refuse(reason);
  }

  dismiss(whom: (identity: Identity) => boolean): void {
    if (this.#state === 'authenticating') this.#dismissed.push(whom);
    else if (this.#session !== undefined && whom(this.identity)) this.disconnect('not-authorized');
  }

  stop(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#input.holdFor('stopping');
    this.#input.pause();
    this.settled();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  flush(): void {
    this.#outgoing.flush();
    // What waited for the gathered bytes to go: nobody else says so when the socket took them at once.
    if (this.#session !== undefined && this.#session.deliveries.queued > 0) this.#session.deliveries.pump();
  }

  #encode(packet: Packet): Buffer {
    return encode(packet, this.#version, this.#maximumPacketBytes);
  }

  // ---- reading

  #arrived(chunk: Buffer): void {
    this.#heardAt = performance.now();
    if (this.#state === 'closing') {
      if (this.#input.discard(chunk)) this.#socket.destroy();
      return;
    }
    if (this.#input.append(chunk) && this.#shared.assemblyBytes > this.#shared.limits.maxInflightBytes) {
      this.refuse('server-busy', 'too many half-received packets over all connections');
    } else if (this.queued || this.#input.hold !== 'none') this.#input.pause();
    else this.#shared.turns.read(this);
  }

  readSlice(packets: number): boolean {
    let more = true;
    for (let left = packets; more && left > 0; left--) more = this.#readPacket();
    this.#input.account();
    return more;
  }

  /** False when there is nothing more to read for now. */
  #readPacket(): boolean {
    const { reader } = this.#input;
    const { limits } = this.#shared;
    if (this.#state === 'closing' || this.#state === 'closed' || this.#input.hold !== 'none') return false;
    if (this.#socket.writableLength > limits.maxUnsentBytes) return this.#input.holdFor('writes');
    const found = reader.peek(this.#state === 'new' ? limits.maxConnectBytes : limits.maxPacketBytes);
    if (found === 'incomplete') {
      if (this.#input.ended) this.#end('the client closed the connection');
      else this.#input.resume();
      return false;
    }
    if (found !== 'frame') {
      this.refuse(found === 'too-large' ? 'packet-too-large' : 'malformed-packet');
      return false;
    }
    const { buffer, header, start, bodyStart, end } = reader;
    if (header >> 4 === PUBLISH_TYPE && this.#state === 'connected') {
      if (this.#intake.full) return this.#input.holdFor('inflight');
      if (this.#shared.inflightBytes >= limits.maxInflightBytes) {
        this.#shared.waitForBytes(this);
        return this.#input.holdFor('bytes');
      }
      reader.consume();
      this.#intake.take(buffer, header, bodyStart, end);
    } else {
      reader.consume();
      if (this.#state === 'new') this.#takeFirst(buffer.subarray(start, end), bodyStart - start);
      else if (header === PINGREQ && end === bodyStart) this.#outgoing.send(PINGRESP);
      else this.#packets?.take(header, buffer.subarray(start, end), bodyStart - start);
    }
    return true;
  }

  #release(hold: Hold): void {
    if (this.#input.release(hold)) this.#shared.turns.read(this);
  }

  retry(): void {
    this.#release('bytes');
  }

  settled(): void {
    this.#shared.bytesReleased();
    this.#release('inflight');
    if (this.#input.hold === 'stopping' && this.#intake.inflight === 0) this.refuse('server-shutting-down');
  }

  // ---- packets

  #takeFirst(frame: Buffer, bodyStart: number): void {
    const read = readConnect(frame, bodyStart);
    if ('refusal' in read) {
      if (read.version === undefined) this.#end(read.detail ?? mqttReasons[read.refusal].text, read.refusal);
      else {
        this.#version = read.version;
        this.#reject(read.refusal, read.detail);
      }
      return;
    }
    this.#version = read.version;
    if (this.#overCapacity) this.#reject('server-busy');
    else this.#authenticate(read);
  }

  #authenticate(request: ConnectRequest): void {
    this.clientId = request.clientId === '' ? `luban-${randomUUID()}` : request.clientId;
    this.#maximumPacketBytes = request.maximumPacketBytes;
    this.#intake.version = request.version;
    this.#intake.reasonStrings = request.reasonStrings;
    this.#intake.clientMaximumPacketBytes = request.maximumPacketBytes;
    this.#state = 'authenticating';
    this.#input.holdFor('authenticating');
    const origin = { clientId: this.clientId, remote: this.remote, stream: this.#socket };
    authenticate(this.#shared.handlers, request, origin)
      .then((authenticated) => claim(this.#shared, authenticated, this.clientId, request))
      .then((authenticated) => this.#authenticated(authenticated, request))
      .catch((error: unknown) => {
        this.#shared.log('error', 'mqtt.authentication-failed', { ...this.who(), error });
        this.#reject('unavailable');
      });
  }

  #authenticated(authenticated: Authenticated<Identity>, request: ConnectRequest): void {
    if (this.#state !== 'authenticating') return;
    const admitted = admit(authenticated, this.#dismissed, this.#input.hold === 'stopping');
    if (!admitted.ok) {
      this.#reject(admitted.refusal, admitted.detail);
      return;
    }
    this.identity = admitted.identity;
    const opened = openSession(this.#shared, this.identity, this.clientId, request);
    if (opened === undefined) {
      this.#reject('quota-exceeded', 'too many sessions are kept');
      return;
    }
    this.#state = 'opening';
    this.#session = opened.session;
    this.#shared.connectionOf.set(opened.session, this);
    const go = () => this.#opened(opened, request);
    if (opened.durable === undefined) go();
    else
      opened.durable.then(go, () => {
        opened.session.expirySeconds = 0;
        this.#reject('unavailable');
      });
  }

  #opened({ session, present }: OpenedSession, request: ConnectRequest): void {
    if (this.#state !== 'opening') return;
    const { limits, broker, log } = this.#shared;
    const { version, maximumPacketBytes } = request;
    const { connack, keepAliveMs } = greeting(limits, request, this.clientId, present);
    const accepted = this.#encode(connack);
    if (accepted.length === 0) {
      this.#end('the client takes no packet as large as CONNACK', 'packet-too-large');
      return;
    }
    const link = new ClientLink(this, this.#outgoing, request, limits);
    this.#intake.session = session;
    const [outgoing, intake] = [this.#outgoing, this.#intake];
    const packets = { version, maximumPacketBytes, session, broker, outgoing, intake, log, owner: this };
    this.#packets = new ClientPackets(packets);
    this.#keepAliveMs = keepAliveMs;
    this.#state = 'connected';
    this.#heardAt = performance.now();
    this.#outgoing.send(accepted);
    log('debug', 'mqtt.connected', { ...this.who(), version: this.#version });
    this.#resume(session, link);
    if (this.#input.hold === 'stopping') this.refuse('server-shutting-down');
    else this.#release('authenticating');
  }

  #resume(session: Session, link: ClientLink): void {
    const allowed = (filter: string) => this.#guarded(() => this.maySubscribe(filter)) === true;
    this.#shared.broker.subscribing.recheck(session, allowed);
    session.deliveries.attach(link);
    for (const filter of [...session.subscriptions.keys()]) this.subscribed(filter);
  }

  /** A fault of the owner must not take the door down. */
  #guarded<T>(run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.#shared.log('error', 'mqtt.handler-failed', { ...this.who(), error });
      return undefined;
    }
  }

  // ---- time and the end

  sweep(now: number): void {
    const { limits } = this.#shared;
    if (this.#state === 'closing') {
      if (now - this.#closingSince > limits.lingerMs) this.#socket.destroy();
    } else if (this.#state !== 'connected') {
      if (now - this.#openedAt > limits.connectTimeoutMs) this.#end('not connected in time', 'connect-timeout');
    } else if (this.#input.hold !== 'none' || this.queued) {
      // It is this side that does not read: silence is no sign of a dead client.
      this.#heardAt = now;
      if (this.#input.hold === 'writes' && now - this.#input.heldSince > limits.writeTimeoutMs)
        this.refuse('write-timeout');
    } else if (this.#keepAliveMs > 0 && now - this.#heardAt > this.#keepAliveMs * 1.5) {
      this.refuse('keep-alive-timeout');
    }
  }

  /** CONNACK with the reason, then the end. */
  #reject(reason: MqttRefusal, detail?: string): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#outgoing.send(this.#encode(rejection(this.#version, reason)));
    this.#end(detail ?? mqttReasons[reason].text, reason);
  }

  /** Ends the connection, with the reason where the protocol can carry it: a DISCONNECT of MQTT 5. */
  refuse(reason: MqttRefusal, detail?: string): void {
    const { code, text } = mqttReasons[reason];
    if (this.#state === 'connected' && this.#version === 5) {
      const reasonString = (detail === undefined ? text : `${text} (${detail})`).slice(0, 512);
      this.#outgoing.send(this.#encode({ cmd: 'disconnect', reasonCode: code, properties: { reasonString } }));
    }
    this.#end(detail ?? text, reason);
  }

  /** `withWill` is false only when the client said goodbye. */
  #end(text: string, reason?: MqttRefusal, withWill = true): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (reason !== undefined) {
      this.#shared.refused(reason);
      this.#shared.log('info', 'mqtt.refused', { ...this.who(), reason, text });
    }
    this.#outgoing.flush();
    this.#leave('closing', text, withWill);
    this.#closingSince = performance.now();
    this.#socket.end();
  }

  #leave(state: 'closing' | 'closed', text: string, withWill: boolean): void {
    const { shared, session } = { shared: this.#shared, session: this.#session };
    const wasConnected = this.#state === 'connected';
    this.#state = state;
    this.#intake.ended = true;
    this.#input.close();
    if (session !== undefined && shared.connectionOf.get(session) === this) {
      shared.connectionOf.delete(session);
      // A client that was never told that it is connected has left no will.
      shared.broker.sessions.leave(session, withWill && wasConnected);
    }
    if (wasConnected) this.#guarded(() => shared.handlers.closed?.(this, text));
  }

  #closed(): void {
    if (this.#state !== 'closing') this.#leave('closed', 'the connection broke', true);
    this.#state = 'closed';
    // Deliveries that were never written learn of it.
    this.#outgoing.flush();
    this.#shared.gone(this);
  }

  who(): { connection: string; clientId: string; remote: string } {
    return { connection: this.id, clientId: this.clientId.slice(0, 256), remote: this.remote };
  }
}
