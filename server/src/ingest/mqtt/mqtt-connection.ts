import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { IConnectPacket, ISubscribePacket, IUnsubscribePacket, Packet } from 'mqtt-packet';
import {
  acceptance,
  encode,
  isBrokenText,
  type MqttVersion,
  numberProperty,
  parseControlPacket,
  rejection,
  requestedVersion,
} from './control-packets.ts';
import { Deliveries } from './deliveries.ts';
import type { DoorTurns, TurnTaker } from './door-turns.ts';
import { FrameReader } from './frame-reader.ts';
import type { MqttDoorHandlers, MqttLog, MqttPeer, PublishOutcome } from './mqtt-door.ts';
import type { MqttLimits } from './mqtt-limits.ts';
import { type MqttRefusal, mqttReasons, publishRefusals, subscribeRefusals } from './mqtt-reasons.ts';
import { decodePublish, emptyPublishFrame, TopicCache } from './publish-frame.ts';

/** What the connections of one door share. */
export interface DoorShared<Identity> {
  readonly limits: MqttLimits;
  readonly handlers: MqttDoorHandlers<Identity>;
  readonly log: MqttLog;
  readonly turns: DoorTurns;
  received: number;
  paused: number;
  inflight: number;
  inflightBytes: number;
  assemblyBytes: number;
  refused(reason: MqttRefusal): void;
  /** Waits until the bytes in flight over all connections are below their maximum; then `retry` is called. */
  waitForBytes(connection: MqttConnection<Identity>): void;
  bytesReleased(): void;
  /** A connection was authenticated: an older one of the same client goes. */
  admitted(connection: MqttConnection<Identity>): void;
  left(connection: MqttConnection<Identity>): void;
  gone(connection: MqttConnection<Identity>): void;
}

/** A QoS 1 publish between arrival and acknowledgement. */
interface Receipt {
  readonly messageId: number;
  outcome: PublishOutcome | undefined;
}

type State = 'new' | 'authenticating' | 'connected' | 'closing' | 'closed';
type Hold = 'none' | 'authenticating' | 'inflight' | 'bytes' | 'writes';

const MAX_DISCARDED_BYTES = 1024 * 1024;
const PINGREQ = 0xc0;
const PINGRESP = Buffer.from([0xd0, 0]);
const publishFrame = emptyPublishFrame();

/**
 * One client's connection: reads packets in slices, hands publishes on, acknowledges them in the order in which they
 * arrived once they are durable, and stops reading while too much is in flight.
 */
export class MqttConnection<Identity> implements MqttPeer<Identity>, TurnTaker {
  readonly id: string = randomUUID();
  readonly remote: string;
  clientId = '';
  identity!: Identity;
  queued = false;
  unflushed = false;

  readonly #socket: Socket;
  readonly #shared: DoorShared<Identity>;
  readonly #overCapacity: boolean;
  readonly #reader = new FrameReader();
  readonly #topics = new TopicCache();
  readonly #aliases: string[] = [];
  readonly #subscriptions = new Map<string, 0 | 1>();
  readonly #deliveries: Deliveries;
  readonly #openedAt = performance.now();
  #state: State = 'new';
  #version: MqttVersion = 4;
  #hold: Hold = 'none';
  #paused = false;
  #inputEnded = false;
  #stopping = false;
  #reasonStrings = true;
  #clientMaximumPacketBytes = Number.POSITIVE_INFINITY;
  #keepAliveMs = 0;
  #heardAt = this.#openedAt;
  #closingAt = 0;
  #blockedWriteAt = 0;
  #discarded = 0;
  #assemblyBytes = 0;
  /** Publishes handed on and not yet settled (QoS 0) or acknowledged (QoS 1). */
  #inflight = 0;
  #inflightBytes = 0;
  #receipts: Receipt[] = [];
  #receiptHead = 0;
  /** A number is the identifier of a positive PUBACK, so that a thousand of them are written without a thousand buffers. */
  #outgoing: (number | Buffer)[] = [];
  #outgoingBytes = 0;
  #written: ((ok: boolean) => void)[] = [];
  #loggedRefusalAt = Number.NEGATIVE_INFINITY;
  #unloggedRefusals = 0;
  #retainLogged = false;

  constructor(socket: Socket, shared: DoorShared<Identity>, overCapacity: boolean) {
    this.#socket = socket;
    this.#shared = shared;
    this.#overCapacity = overCapacity;
    this.remote = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    this.#deliveries = new Deliveries(shared.limits, (bytes) => this.#send(bytes));
  }

  start(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.on('data', (chunk: Buffer) => this.#arrived(chunk));
    socket.on('end', () => {
      this.#inputEnded = true;
      this.#shared.turns.read(this);
    });
    socket.on('drain', () => this.#release('writes'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#shared.log('debug', 'mqtt.socket-error', { ...this.#who(), code: error.code });
    });
    socket.on('close', () => this.#gone());
  }

  get connected(): boolean {
    return this.#state === 'connected';
  }

  // ---- to the client

  publish(topic: string, payload: Uint8Array, qos: 0 | 1): Promise<boolean> {
    const granted = this.#subscriptions.get(topic);
    if (this.#state !== 'connected' || granted === undefined) return Promise.resolve(false);
    const body = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const unsent = this.#outgoingBytes + this.#socket.writableLength + body.length;
    if (this.#deliveries.full || unsent > this.#shared.limits.maxUnsentBytes) {
      this.#refuse('write-timeout', 'too much waits for the client to read or acknowledge it');
      return Promise.resolve(false);
    }
    const packet = { cmd: 'publish', topic, payload: body, dup: false, retain: false } as const;
    if (qos === 0 || granted === 0) {
      const bytes = encode({ ...packet, qos: 0 }, this.#version, this.#clientMaximumPacketBytes);
      if (bytes.length === 0) return Promise.resolve(false);
      return new Promise((resolve) => {
        this.#written.push(resolve);
        this.#send(bytes);
      });
    }
    return new Promise((resolve) => {
      this.#deliveries.add(
        (messageId) => encode({ ...packet, qos: 1, messageId }, this.#version, this.#clientMaximumPacketBytes),
        resolve,
      );
    });
  }

  disconnect(reason: MqttRefusal): void {
    this.#refuse(reason);
  }

  /** Takes nothing new; acknowledges what is in flight, then says why and closes. */
  stop(): void {
    this.#stopping = true;
    this.#pause();
    this.#endWhenSettled();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #endWhenSettled(): void {
    if (this.#stopping && this.#inflight === 0) this.#refuse('server-shutting-down');
  }

  #send(bytes: Buffer): void {
    this.#outgoing.push(bytes);
    this.#outgoingBytes += bytes.length;
    this.#shared.turns.flush(this);
  }

  flush(): void {
    if (this.#outgoing.length === 0 || this.#socket.destroyed) return;
    const outgoing = this.#outgoing;
    const bytes = Buffer.allocUnsafe(this.#outgoingBytes);
    let position = 0;
    for (const item of outgoing) {
      if (typeof item === 'number') {
        bytes[position] = 0x40;
        bytes[position + 1] = 2;
        bytes[position + 2] = item >> 8;
        bytes[position + 3] = item & 0xff;
        position += 4;
      } else position += item.copy(bytes, position);
    }
    const written = this.#written;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    this.#written = [];
    if (written.length === 0) this.#socket.write(bytes);
    else {
      this.#socket.write(bytes, (error) => {
        for (const done of written) done(!error);
      });
    }
  }

  // ---- from the client

  #arrived(chunk: Buffer): void {
    this.#heardAt = performance.now();
    if (this.#state === 'closing') {
      // Read on, so that the refusal is not lost to a reset, but not for ever.
      this.#discarded += chunk.length;
      if (this.#discarded > MAX_DISCARDED_BYTES) this.#socket.destroy();
      return;
    }
    this.#reader.append(chunk);
    const grown = this.#accountAssembly();
    if (grown > 0 && this.#shared.assemblyBytes > this.#shared.limits.maxInflightBytes) {
      this.#refuse('server-busy', 'too many half-received packets over all connections');
      return;
    }
    if (this.queued || this.#hold !== 'none') this.#pause();
    else this.#shared.turns.read(this);
  }

  readSlice(packets: number): boolean {
    const reader = this.#reader;
    const limits = this.#shared.limits;
    let more = true;
    for (let left = packets; more && left > 0; left--) {
      if (this.#socket.writableLength > limits.maxUnsentBytes && this.#hold === 'none') {
        this.#hold = 'writes';
        this.#blockedWriteAt = performance.now();
      }
      if (this.#state === 'closing' || this.#state === 'closed' || this.#stopping || this.#hold !== 'none') {
        more = false;
        break;
      }
      const found = reader.peek(this.#state === 'new' ? limits.maxConnectBytes : limits.maxPacketBytes);
      if (found === 'incomplete') {
        if (this.#inputEnded) this.#finish('the client closed the connection');
        else this.#resume();
        more = false;
      } else if (found !== 'frame') {
        this.#refuse(found === 'too-large' ? 'packet-too-large' : 'malformed-packet');
      } else if (reader.header >> 4 === 3 && this.#state === 'connected') {
        if (this.#mustWait()) more = false;
        else this.#takePublish();
      } else this.#takeControl();
    }
    this.#accountAssembly();
    return more;
  }

  /** Keeps the sum over all connections; returns by how much this one grew. */
  #accountAssembly(): number {
    const grown = this.#reader.assemblyBytes - this.#assemblyBytes;
    this.#assemblyBytes += grown;
    this.#shared.assemblyBytes += grown;
    return grown;
  }

  #mustWait(): boolean {
    const { limits } = this.#shared;
    if (this.#inflight >= limits.receiveMaximum || this.#inflightBytes >= limits.maxConnectionInflightBytes) {
      this.#hold = 'inflight';
    } else if (this.#shared.inflightBytes >= limits.maxInflightBytes) {
      this.#hold = 'bytes';
      this.#shared.waitForBytes(this);
    } else return false;
    return true;
  }

  /** The cause to wait is over: read on. */
  retry(): void {
    this.#release('bytes');
  }

  #release(hold: Hold): void {
    if (this.#hold !== hold) return;
    this.#hold = 'none';
    this.#shared.turns.read(this);
  }

  #takePublish(): void {
    const reader = this.#reader;
    const { buffer, header, start, bodyStart, end } = reader;
    const frame = publishFrame;
    const wrong = decodePublish(frame, buffer, header, bodyStart, end, this.#version, this.#topics);
    reader.consume();
    if (wrong !== undefined) {
      this.#refuse(wrong);
      return;
    }
    if (frame.qos === 2) {
      this.#refuse('qos-not-supported');
      return;
    }
    if (frame.retain && !this.#retainAllowed()) return;
    if (frame.topicAlias !== 0) {
      if (frame.topicAlias > this.#shared.limits.topicAliasMaximum) {
        this.#refuse('topic-alias-invalid');
        return;
      }
      if (frame.topic !== '') this.#aliases[frame.topicAlias] = frame.topic;
      else {
        const topic = this.#aliases[frame.topicAlias];
        if (topic === undefined) {
          this.#refuse('topic-alias-invalid');
          return;
        }
        frame.topic = topic;
      }
    }
    // The handler may come back here by a synchronous disconnect, so nothing of the shared frame is read after it.
    const messageId = frame.messageId;
    this.#shared.received++;
    let outcome: PublishOutcome | Promise<PublishOutcome>;
    try {
      outcome = this.#shared.handlers.publish(this, frame.topic, buffer.subarray(frame.payloadStart, end));
    } catch (error) {
      outcome = this.#fault(error);
    }
    if (!('then' in outcome) && this.#receipts.length === 0) {
      this.#settleNow(messageId, outcome);
      return;
    }
    this.#track(messageId, end - start, outcome);
  }

  /** MQTT 5 was told that there is no retaining; MQTT 3.1.1 cannot be told, so its message is taken as an ordinary one. */
  #retainAllowed(): boolean {
    if (this.#version === 5) {
      this.#refuse('retain-not-supported');
      return false;
    }
    if (!this.#retainLogged) this.#shared.log('info', 'mqtt.retain-ignored', this.#who());
    this.#retainLogged = true;
    return true;
  }

  #track(messageId: number, bytes: number, outcome: PublishOutcome | Promise<PublishOutcome>): void {
    const receipt: Receipt = { messageId, outcome: undefined };
    if (messageId !== 0) this.#receipts.push(receipt);
    this.#inflight++;
    this.#inflightBytes += bytes;
    this.#shared.inflight++;
    this.#shared.inflightBytes += bytes;
    const settle = (settled: PublishOutcome) => {
      this.#inflightBytes -= bytes;
      this.#shared.inflightBytes -= bytes;
      receipt.outcome = settled;
      if (messageId === 0) {
        this.#settled();
        this.#settleNow(0, settled);
      } else this.#acknowledgeInOrder();
      this.#shared.bytesReleased();
      this.#release('inflight');
      this.#endWhenSettled();
    };
    if ('then' in outcome) outcome.then(settle, (error: unknown) => settle(this.#fault(error)));
    else settle(outcome);
  }

  #settled(): void {
    this.#inflight--;
    this.#shared.inflight--;
  }

  #acknowledgeInOrder(): void {
    const receipts = this.#receipts;
    for (;;) {
      const first = receipts[this.#receiptHead];
      if (first?.outcome === undefined) break;
      this.#receiptHead++;
      this.#settled();
      this.#settleNow(first.messageId, first.outcome);
    }
    if (this.#receiptHead === receipts.length) {
      this.#receipts = [];
      this.#receiptHead = 0;
    } else if (this.#receiptHead > 1024) {
      this.#receipts = receipts.slice(this.#receiptHead);
      this.#receiptHead = 0;
    }
  }

  /**
   * Says to the sender how its publish went. A refused QoS 0 publish can only be counted and logged. MQTT 3.1.1 knows
   * no negative acknowledgement, and a positive one would be a lie, so that connection is closed: the client keeps the
   * message and a person finds the reason in the log.
   */
  #settleNow(messageId: number, outcome: PublishOutcome): void {
    if (this.#state !== 'connected') return;
    if (outcome.ok) {
      if (messageId === 0) return;
      this.#outgoing.push(messageId);
      this.#outgoingBytes += 4;
      this.#shared.turns.flush(this);
      return;
    }
    const { code, refusal } = publishRefusals[outcome.reason];
    this.#logPublishRefusal(refusal, outcome.message);
    if (messageId === 0) {
      this.#shared.refused(refusal);
      return;
    }
    if (this.#version === 4) {
      this.#refuse(refusal, outcome.message);
      return;
    }
    this.#shared.refused(refusal);
    const properties = this.#reasonStrings ? { reasonString: clipped(outcome.message) } : {};
    this.#send(encode({ cmd: 'puback', messageId, reasonCode: code, properties }, 5, this.#clientMaximumPacketBytes));
  }

  #fault(error: unknown): PublishOutcome {
    this.#shared.log('error', 'mqtt.publish-handler-failed', { ...this.#who(), error });
    return { ok: false, reason: 'unavailable', message: 'The platform could not store the message.' };
  }

  #takeControl(): void {
    const reader = this.#reader;
    const { buffer, header, start, bodyStart, end } = reader;
    reader.consume();
    if (this.#state === 'new') {
      if (header !== 0x10) {
        this.#finish('the first packet is no CONNECT', 'protocol-error');
        return;
      }
      this.#takeConnect(buffer.subarray(start, end), buffer.subarray(bodyStart, end));
      return;
    }
    if (header === PINGREQ && end === bodyStart) {
      this.#send(PINGRESP);
      return;
    }
    if (header >> 4 === 1) {
      this.#refuse('protocol-error', 'a second CONNECT');
      return;
    }
    const packet = parseControlPacket(buffer.subarray(start, end), this.#version);
    if (packet === undefined) {
      this.#refuse('malformed-packet');
      return;
    }
    this.#takePacket(packet);
  }

  #takePacket(packet: Packet): void {
    switch (packet.cmd) {
      case 'puback':
        this.#deliveries.acknowledged(packet.messageId ?? 0, (packet.reasonCode ?? 0) < 0x80);
        return;
      case 'subscribe':
        this.#takeSubscribe(packet);
        return;
      case 'unsubscribe':
        this.#takeUnsubscribe(packet);
        return;
      case 'disconnect':
        this.#finish('the client said goodbye');
        return;
      default:
        this.#refuse('protocol-error', `${packet.cmd} is not expected`);
        return;
    }
  }

  #takeConnect(frame: Buffer, body: Buffer): void {
    const requested = requestedVersion(body);
    if (requested === undefined) {
      this.#finish('not MQTT', 'malformed-packet');
      return;
    }
    const { name, version } = requested;
    if (name !== 'MQTT' || (version !== 4 && version !== 5)) {
      this.#version = version > 5 && version < 128 ? 5 : 4;
      this.#reject('unsupported-version', `${JSON.stringify(name)} ${version}`);
      return;
    }
    this.#version = version;
    const packet = parseControlPacket(frame, version);
    if (packet?.cmd !== 'connect') {
      if (version === 5) this.#reject('malformed-packet');
      else this.#finish('a broken CONNECT', 'malformed-packet');
      return;
    }
    const wrong = this.#readConnect(packet);
    if (wrong !== undefined) {
      this.#reject(wrong);
      return;
    }
    if (this.#overCapacity) {
      this.#reject('server-busy');
      return;
    }
    this.#state = 'authenticating';
    this.#hold = 'authenticating';
    const { username, password } = packet;
    this.#shared.handlers
      .authenticate({
        clientId: this.clientId,
        remote: this.remote,
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password: Buffer.from(password) }),
      })
      .then(
        (identity) => this.#authenticated(identity, packet),
        (error: unknown) => {
          this.#shared.log('error', 'mqtt.authentication-failed', { ...this.#who(), error });
          if (this.#state === 'authenticating') this.#reject('unavailable');
        },
      );
  }

  /** Takes over what the client says of itself; tells what of it cannot be. */
  #readConnect(packet: IConnectPacket): MqttRefusal | undefined {
    const properties = packet.properties ?? {};
    const receiveMaximum = numberProperty(properties.receiveMaximum, 65_535);
    const maximumPacketSize = numberProperty(properties.maximumPacketSize, Number.POSITIVE_INFINITY);
    if (!receiveMaximum || !maximumPacketSize) return 'protocol-error';
    this.#deliveries.clientReceiveMaximum = receiveMaximum;
    this.#clientMaximumPacketBytes = maximumPacketSize;
    this.#reasonStrings = properties.requestProblemInformation !== false;
    this.#keepAliveMs = (packet.keepalive ?? 0) * 1000;
    if (isBrokenText(packet.clientId) || isBrokenText(packet.username ?? '')) return 'malformed-packet';
    if (properties.authenticationMethod !== undefined) return 'bad-authentication-method';
    if (packet.will !== undefined) return 'will-not-supported';
    if (packet.clientId.length > 256) return 'client-id-invalid';
    if (packet.clientId === '' && this.#version === 4 && packet.clean !== true) return 'client-id-invalid';
    this.clientId = packet.clientId === '' ? `luban-${randomUUID()}` : packet.clientId;
    return undefined;
  }

  #authenticated(identity: Identity | null, packet: IConnectPacket): void {
    if (this.#state !== 'authenticating') return;
    if (identity === null) {
      this.#reject('bad-credentials');
      return;
    }
    this.identity = identity;
    this.#state = 'connected';
    this.#heardAt = performance.now();
    this.#shared.admitted(this);
    const assigned = packet.clientId === '' ? this.clientId : undefined;
    const sessionAsked = (packet.properties?.sessionExpiryInterval ?? 0) !== 0;
    const accepted = acceptance(this.#shared.limits, this.#version, assigned, sessionAsked);
    const bytes = encode(accepted, this.#version, this.#clientMaximumPacketBytes);
    if (bytes.length === 0) {
      this.#finish('the client takes no packet as large as CONNACK', 'packet-too-large');
      return;
    }
    this.#send(bytes);
    this.#shared.log('debug', 'mqtt.connected', { ...this.#who(), version: this.#version });
    this.#release('authenticating');
  }

  #takeSubscribe(packet: ISubscribePacket): void {
    const messageId = packet.messageId ?? 0;
    if (messageId < 1 || packet.subscriptions.length === 0) {
      this.#refuse('protocol-error');
      return;
    }
    if (packet.properties?.subscriptionIdentifier !== undefined) {
      this.#refuse('subscription-identifiers-not-supported');
      return;
    }
    const granted: number[] = [];
    const fresh: string[] = [];
    for (const { topic, qos } of packet.subscriptions) {
      const code = this.#subscribe(topic, qos === 0 ? 0 : 1);
      if (code < 0x80) fresh.push(topic);
      else this.#shared.log('info', 'mqtt.subscription-refused', { ...this.#who(), topic: clipped(topic), code });
      granted.push(code >= 0x80 && this.#version === 4 ? 0x80 : code);
    }
    if (this.#state !== 'connected') return;
    this.#send(encode({ cmd: 'suback', messageId, granted }, this.#version, this.#clientMaximumPacketBytes));
    for (const topic of fresh) {
      try {
        this.#shared.handlers.subscribed?.(this, topic);
      } catch (error) {
        this.#shared.log('error', 'mqtt.subscribed-handler-failed', { ...this.#who(), topic, error });
      }
    }
  }

  #subscribe(filter: string, qos: 0 | 1): number {
    if (filter === '' || isBrokenText(filter)) return subscribeRefusals.filterInvalid;
    if (filter.startsWith('$share/')) return subscribeRefusals.shared;
    if (filter.includes('#') || filter.includes('+')) return subscribeRefusals.wildcard;
    if (!this.#subscriptions.has(filter) && this.#subscriptions.size >= this.#shared.limits.maxSubscriptions) {
      return subscribeRefusals.quota;
    }
    try {
      if (!this.#shared.handlers.subscribe(this, filter)) return subscribeRefusals.notAuthorized;
    } catch (error) {
      this.#shared.log('error', 'mqtt.subscribe-handler-failed', { ...this.#who(), filter, error });
      return 0x80;
    }
    this.#subscriptions.set(filter, qos);
    return qos;
  }

  #takeUnsubscribe(packet: IUnsubscribePacket): void {
    const messageId = packet.messageId ?? 0;
    if (messageId < 1 || packet.unsubscriptions.length === 0) {
      this.#refuse('protocol-error');
      return;
    }
    const granted = packet.unsubscriptions.map((filter) => (this.#subscriptions.delete(filter) ? 0 : 0x11));
    this.#send(encode({ cmd: 'unsuback', messageId, granted }, this.#version, this.#clientMaximumPacketBytes));
  }

  // ---- time and the end

  /** Looks at the clock for this connection; called a few times a second. */
  sweep(now: number): void {
    const { limits } = this.#shared;
    if (this.#state === 'closing') {
      if (now - this.#closingAt > limits.lingerMs) this.#socket.destroy();
    } else if (this.#state !== 'connected') {
      if (now - this.#openedAt > limits.connectTimeoutMs) this.#finish('no CONNECT in time', 'connect-timeout');
    } else if (this.#hold !== 'none' || this.queued) {
      // It is this side that does not read: silence is no sign of a dead client.
      this.#heardAt = now;
      if (this.#hold === 'writes' && now - this.#blockedWriteAt > limits.writeTimeoutMs) this.#refuse('write-timeout');
    } else if (this.#keepAliveMs > 0 && now - this.#heardAt > this.#keepAliveMs * 1.5) {
      this.#refuse('keep-alive-timeout');
    }
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#shared.paused++;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#shared.paused--;
    this.#socket.resume();
  }

  /** CONNACK with the reason, then the end. */
  #reject(reason: MqttRefusal, detail?: string): void {
    this.#send(encode(rejection(this.#version, reason), this.#version, this.#clientMaximumPacketBytes));
    this.#finish(detail ?? mqttReasons[reason].text, reason);
  }

  /** Ends the connection, with the reason where the protocol can carry it: a DISCONNECT of MQTT 5. */
  #refuse(reason: MqttRefusal, detail?: string): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (this.#state === 'connected' && this.#version === 5) {
      const { code, text } = mqttReasons[reason];
      const reasonString = clipped(detail === undefined ? text : `${text} (${detail})`);
      this.#send(
        encode(
          { cmd: 'disconnect', reasonCode: code, properties: { reasonString } },
          5,
          this.#clientMaximumPacketBytes,
        ),
      );
    }
    this.#finish(detail ?? mqttReasons[reason].text, reason);
  }

  #finish(text: string, reason?: MqttRefusal): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (reason !== undefined) {
      this.#shared.refused(reason);
      this.#shared.log('info', 'mqtt.refused', { ...this.#who(), reason, text });
    }
    this.flush();
    this.#leave('closing', text);
    this.#closingAt = performance.now();
    this.#reader.discard();
    this.#accountAssembly();
    this.#socket.end();
    this.#resume();
  }

  #leave(state: 'closing' | 'closed', text: string): void {
    const wasConnected = this.#state === 'connected';
    this.#state = state;
    this.#hold = 'none';
    this.#deliveries.abandon();
    for (const done of this.#written.splice(0)) done(false);
    if (!wasConnected) return;
    this.#shared.left(this);
    try {
      this.#shared.handlers.closed?.(this, text);
    } catch (error) {
      this.#shared.log('error', 'mqtt.closed-handler-failed', { ...this.#who(), error });
    }
  }

  #gone(): void {
    if (this.#state !== 'closing') {
      this.#leave('closed', 'the connection broke');
      this.#reader.discard();
      this.#accountAssembly();
    }
    this.#state = 'closed';
    if (this.#paused) this.#shared.paused--;
    this.#paused = false;
    this.#shared.gone(this);
  }

  #who(): { connection: string; clientId: string; remote: string } {
    return { connection: this.id, clientId: this.clientId, remote: this.remote };
  }

  /** One line a second at most: a device that sends nonsense sends it often. */
  #logPublishRefusal(reason: MqttRefusal, message: string): void {
    const now = performance.now();
    if (now - this.#loggedRefusalAt < 1000) {
      this.#unloggedRefusals++;
      return;
    }
    this.#shared.log('warn', 'mqtt.publish-refused', {
      ...this.#who(),
      reason,
      message,
      unlogged: this.#unloggedRefusals,
    });
    this.#loggedRefusalAt = now;
    this.#unloggedRefusals = 0;
  }
}

function clipped(text: string): string {
  return text.length > 512 ? `${text.slice(0, 512)}…` : text;
}
