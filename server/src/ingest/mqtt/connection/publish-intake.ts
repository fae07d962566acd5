import type { MqttLog, PublishOutcome, TopicUse } from '../door-contract.ts';
import type { MqttLimits } from '../mqtt-limits.ts';
import { type MqttRefusal, NO_MATCHING_SUBSCRIBERS, publishRefusals } from '../mqtt-reasons.ts';
import { tooDeep } from '../routing/topic-filter.ts';
import type { MessageContent } from '../session/message.ts';
import type { Session } from '../session/session.ts';
import { encode, type MqttVersion } from '../wire/control-packets.ts';
import { forwardedProperties } from '../wire/properties.ts';
import { decodePublish, emptyPublishFrame } from '../wire/publish-frame.ts';
import { TopicCache } from '../wire/topic-cache.ts';
import { acknowledgements, type Outgoing } from './outgoing.ts';
import { type InflightTotals, Receipts, type ReceiptsOwner } from './receipts.ts';

/** The connection that the intake belongs to. An object and not functions, because there are many of them. */
export interface IntakeOwner {
  /** Fields that name the connection in log lines. */
  who(): Record<string, unknown>;
  /** May throw. */
  mayPublish(topic: string): TopicUse;
  /** Hands on what is taken and not routed: the path of every sample. May throw. */
  take(topic: string, payload: Buffer, properties: Buffer): PublishOutcome | Promise<PublishOutcome>;
  /** Hands any other message on; may throw. `messageId` is that of a QoS 2 message, 0 otherwise. */
  handOn(use: TopicUse, content: MessageContent, messageId: number): PublishOutcome | Promise<PublishOutcome>;
  /** Ends the connection. */
  refuse(reason: MqttRefusal, detail?: string): void;
  /** Something in flight was settled. */
  settled(): void;
}

/** What the intakes of a door share. */
export interface IntakeShared extends InflightTotals {
  readonly limits: MqttLimits;
  readonly log: MqttLog;
  readonly nowMs: () => number;
  /** Whether who takes messages reads their properties. */
  readonly readsProperties: boolean;
  /** Counts a refusal that does not end the connection. */
  refused(reason: MqttRefusal): void;
}

const frame = emptyPublishFrame();
const taken: PublishOutcome = { ok: true };
const nothing = Buffer.alloc(0);

/** The publishes of one client: decoded, handed on, answered in order once they are durable. */
export class PublishIntake implements ReceiptsOwner {
  version: MqttVersion = 4;
  reasonStrings = true;
  clientMaximumPacketBytes = Number.POSITIVE_INFINITY;
  /** After the end nothing is answered any more; what is in flight is still counted down. */
  ended = false;
  session!: Session;
  readonly #owner: IntakeOwner;
  readonly #shared: IntakeShared;
  readonly #outgoing: Outgoing;
  readonly #receipts: Receipts;
  readonly #topics = new TopicCache<TopicUse>();
  #aliases: { topic: string; use: TopicUse | undefined }[] | undefined;
  /** QoS 2 messages of this connection that are not released. */
  #unreleased: Set<number> | undefined;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  constructor(owner: IntakeOwner, shared: IntakeShared, outgoing: Outgoing) {
    this.#owner = owner;
    this.#shared = shared;
    this.#outgoing = outgoing;
    this.#receipts = new Receipts(shared, this);
  }

  get inflight(): number {
    return this.#receipts.inflight;
  }

  get full(): boolean {
    const { limits } = this.#shared;
    const { inflight, inflightBytes } = this.#receipts;
    return inflight >= limits.receiveMaximum || inflightBytes >= limits.maxConnectionInflightBytes;
  }

  /** Takes the PUBLISH with body `buffer[start..end)` and first byte `header`. */
  take(buffer: Buffer, header: number, start: number, end: number): void {
    const wrong = decodePublish(frame, buffer, header, start, end, this.version, this.#topics) ?? this.#check();
    if (wrong !== undefined) {
      this.#owner.refuse(wrong);
      return;
    }
    // The handler may lead back here, so nothing of the shared frame is read after it.
    const { messageId, qos } = frame;
    let outcome: PublishOutcome | Promise<PublishOutcome>;
    try {
      outcome = qos === 2 ? this.#takeOnce(messageId, buffer, end) : this.#handOn(buffer, end, 0);
    } catch (error) {
      outcome = this.faultOf(error);
    }
    if (!('then' in outcome) && this.#receipts.idle) this.answer(messageId, qos, outcome);
    else this.#receipts.open(messageId, qos, end - start, outcome);
  }

  settled(): void {
    this.#owner.settled();
  }

  /** PUBREL: the identifier is free again. False when nothing is known of it. */
  release(messageId: number): boolean {
    this.#unreleased?.delete(messageId);
    return this.session.received?.delete(messageId) ?? false;
  }

  #handOn(buffer: Buffer, end: number, messageId: number): PublishOutcome | Promise<PublishOutcome> {
    const use = this.#use();
    const { topic, qos, retain, payloadStart, properties } = frame;
    const view = buffer.subarray(payloadStart, end);
    const { forwardedBytes, expirySeconds } = properties;
    const isRead = forwardedBytes > 0 && this.#shared.readsProperties;
    const read = isRead && use === 'take' ? buffer.subarray(properties.start, properties.end) : nothing;
    if (use === 'take' && messageId === 0) return this.#owner.take(topic, view, read);
    const expiresAt = expirySeconds < 0 ? Number.POSITIVE_INFINITY : this.#shared.nowMs() + expirySeconds * 1000;
    const content = {
      topic,
      // Who only takes it gets a view; what is routed may wait, and must not keep a whole socket read alive.
      payload: use === 'take' ? view : Buffer.from(view),
      properties: use === 'take' || forwardedBytes === 0 ? read : forwardedProperties(properties, buffer),
      qos: qos as 0 | 1 | 2,
      retain,
      expiresAt,
    };
    return this.#owner.handOn(use, content, messageId);
  }

  /** A QoS 2 message counts once, however often it comes until it is released, on whatever connection. */
  #takeOnce(messageId: number, buffer: Buffer, end: number): PublishOutcome | Promise<PublishOutcome> {
    const { session } = this;
    if (session.received?.has(messageId)) return session.received.get(messageId) ?? taken;
    session.received ??= new Map();
    session.received.set(messageId, undefined);
    this.#unreleased ??= new Set();
    this.#unreleased.add(messageId);
    let outcome: PublishOutcome | Promise<PublishOutcome>;
    try {
      outcome = this.#handOn(buffer, end, messageId);
    } catch (error) {
      this.release(messageId);
      throw error;
    }
    if (!('then' in outcome)) {
      if (!outcome.ok) this.release(messageId);
      return outcome;
    }
    const pending = outcome.then(
      (settled) => {
        if (!settled.ok) this.release(messageId);
        else if (session.received?.get(messageId) === pending) session.received.set(messageId, undefined);
        return settled;
      },
      (error: unknown) => {
        this.release(messageId);
        throw error;
      },
    );
    session.received.set(messageId, pending);
    return pending;
  }

  /** What is well formed but not allowed; puts the topic in the place of its alias. */
  #check(): MqttRefusal | undefined {
    const { limits } = this.#shared;
    if (frame.qos === 2 && this.version === 5 && (this.#unreleased?.size ?? 0) >= limits.receiveMaximum) {
      if (!this.session.received?.has(frame.messageId)) return 'receive-maximum-exceeded';
    }
    if (frame.topicAlias === 0) return tooDeep(frame.topic) ? 'topic-invalid' : undefined;
    if (frame.topicAlias > limits.topicAliasMaximum) return 'topic-alias-invalid';
    this.#aliases ??= [];
    if (frame.topic !== '') {
      if (tooDeep(frame.topic)) return 'topic-invalid';
      this.#aliases[frame.topicAlias] = { topic: frame.topic, use: undefined };
    }
    const alias = this.#aliases[frame.topicAlias];
    // Not 'topic-alias-invalid', which is for one above the maximum.
    if (alias === undefined) return 'protocol-error';
    frame.topic = alias.topic;
    return undefined;
  }

  /** Asks once for each topic: the cache and the alias keep the answer. */
  #use(): TopicUse {
    const alias = frame.topicAlias === 0 ? undefined : this.#aliases?.[frame.topicAlias];
    const known = alias === undefined ? this.#topics.note(frame.topicSlot) : alias.use;
    if (known !== undefined) return known;
    const use = this.#owner.mayPublish(frame.topic);
    if (alias === undefined) this.#topics.setNote(frame.topicSlot, use);
    else alias.use = use;
    return use;
  }

  /**
   * Says to the sender how its publish went. A refused QoS 0 publish can only be counted and logged. MQTT 3.1.1 knows
   * no negative acknowledgement, and a positive one would be a lie, so that connection is closed: the client keeps the
   * message, and a person finds the reason in the log.
   */
  answer(messageId: number, qos: number, outcome: PublishOutcome): void {
    if (this.ended) return;
    if (outcome.ok && outcome.unmatched !== true && qos === 1) {
      // The way of every sample.
      this.#outgoing.acknowledge(acknowledgements.puback, messageId);
      return;
    }
    const kind = qos === 2 ? 'pubrec' : 'puback';
    if (outcome.ok) {
      if (messageId === 0) return;
      if (outcome.unmatched && this.version === 5) {
        const packet = { cmd: kind, messageId, reasonCode: NO_MATCHING_SUBSCRIBERS } as const;
        this.#outgoing.send(encode(packet, 5, this.clientMaximumPacketBytes));
      } else this.#outgoing.acknowledge(acknowledgements[kind], messageId);
      return;
    }
    const { code, refusal } = publishRefusals[outcome.reason];
    this.#log(refusal, outcome.message);
    if (messageId !== 0 && this.version === 4) {
      this.#owner.refuse(refusal, outcome.message);
      return;
    }
    this.#shared.refused(refusal);
    if (messageId === 0) return;
    const properties = this.reasonStrings ? { reasonString: outcome.message.slice(0, 512) } : {};
    const packet = { cmd: kind, messageId, reasonCode: code, properties } as const;
    this.#outgoing.send(encode(packet, 5, this.clientMaximumPacketBytes));
  }

  faultOf(error: unknown): PublishOutcome {
    this.#shared.log('error', 'mqtt.publish-handler-failed', { ...this.#owner.who(), error });
    return { ok: false, reason: 'unavailable', message: 'The platform could not store the message.' };
  }

  /** One line a second at most: a device that sends nonsense sends it often. */
  #log(reason: MqttRefusal, message: string): void {
    const now = performance.now();
    if (now - this.#loggedAt < 1000) {
      this.#unlogged++;
      return;
    }
    const fields = { ...this.#owner.who(), reason, message, unlogged: this.#unlogged };
    this.#shared.log('warn', 'mqtt.publish-refused', fields);
    this.#loggedAt = now;
    this.#unlogged = 0;
  }
}
