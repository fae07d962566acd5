import type { MqttLog, PublishOutcome, TopicUse } from '../door-contract.ts';
import type { MqttLimits } from '../mqtt-limits.ts';
import { type MqttRefusal, publishRefusals } from '../mqtt-reasons.ts';
import { encode, type MqttVersion } from '../wire/control-packets.ts';
import { decodePublish, emptyPublishFrame, TopicCache } from '../wire/publish-frame.ts';
import type { Outgoing } from './outgoing.ts';
import { type InflightTotals, Receipts } from './receipts.ts';

/** What the intake needs of the connection that it belongs to. */
export interface PublishIntakeOptions {
  readonly limits: MqttLimits;
  readonly totals: InflightTotals;
  readonly outgoing: Outgoing;
  readonly log: MqttLog;
  /** Fields that name the connection in log lines. */
  readonly who: () => Record<string, unknown>;
  /** May throw. */
  readonly mayPublish: (topic: string) => TopicUse;
  /** Hands a message on; may throw. */
  readonly publish: (topic: string, payload: Buffer) => PublishOutcome | Promise<PublishOutcome>;
  /** Counts a refusal that does not end the connection. */
  readonly refused: (reason: MqttRefusal) => void;
  /** Ends the connection. */
  readonly refuse: (reason: MqttRefusal, detail?: string) => void;
  /** Something in flight was settled. */
  readonly settled: () => void;
}

const frame = emptyPublishFrame();

/** The publishes of one client: decoded, handed on, answered in order once they are durable. */
export class PublishIntake {
  version: MqttVersion = 4;
  reasonStrings = true;
  clientMaximumPacketBytes = Number.POSITIVE_INFINITY;
  /** After the end nothing is answered any more; what is in flight is still counted down. */
  ended = false;
  readonly #options: PublishIntakeOptions;
  readonly #receipts: Receipts;
  readonly #topics = new TopicCache<TopicUse>();
  readonly #aliases: { topic: string; use: TopicUse | undefined }[] = [];
  #retainLogged = false;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  constructor(options: PublishIntakeOptions) {
    this.#options = options;
    this.#receipts = new Receipts(options.totals, (messageId, outcome) => this.#answer(messageId, outcome));
  }

  get inflight(): number {
    return this.#receipts.inflight;
  }

  get full(): boolean {
    const { limits } = this.#options;
    const { inflight, inflightBytes } = this.#receipts;
    return inflight >= limits.receiveMaximum || inflightBytes >= limits.maxConnectionInflightBytes;
  }

  /** Takes the PUBLISH with body `buffer[start..end)` and first byte `header`. */
  take(buffer: Buffer, header: number, start: number, end: number): void {
    const wrong = decodePublish(frame, buffer, header, start, end, this.version, this.#topics) ?? this.#check();
    if (wrong !== undefined) {
      this.#options.refuse(wrong);
      return;
    }
    const use = this.#use();
    // The handler may lead back here, so nothing of the shared frame is read after it.
    const messageId = frame.messageId;
    let outcome: PublishOutcome | Promise<PublishOutcome>;
    try {
      outcome =
        use === 'refuse'
          ? { ok: false, reason: 'not-authorized', message: `you may not publish to ${frame.topic.slice(0, 200)}` }
          : this.#options.publish(frame.topic, buffer.subarray(frame.payloadStart, end));
    } catch (error) {
      outcome = this.#fault(error);
    }
    if (!('then' in outcome) && this.#receipts.idle) {
      this.#answer(messageId, outcome);
      return;
    }
    const receipt = this.#receipts.open(messageId, end - start);
    const settle = (settled: PublishOutcome) => {
      receipt(settled);
      this.#options.settled();
    };
    if ('then' in outcome) outcome.then(settle, (error: unknown) => settle(this.#fault(error)));
    else settle(outcome);
  }

  /** What is well formed but not offered; puts the topic in the place of its alias. */
  #check(): MqttRefusal | undefined {
    if (frame.qos === 2) return 'qos-not-supported';
    if (frame.retain) {
      // MQTT 5 was told that there is no retaining; MQTT 3.1.1 cannot be told, so that is taken as an ordinary message.
      if (this.version === 5) return 'retain-not-supported';
      if (!this.#retainLogged) this.#options.log('info', 'mqtt.retain-ignored', this.#options.who());
      this.#retainLogged = true;
    }
    if (frame.topicAlias === 0) return undefined;
    if (frame.topicAlias > this.#options.limits.topicAliasMaximum) return 'topic-alias-invalid';
    if (frame.topic !== '') this.#aliases[frame.topicAlias] = { topic: frame.topic, use: undefined };
    const alias = this.#aliases[frame.topicAlias];
    if (alias === undefined) return 'topic-alias-invalid';
    frame.topic = alias.topic;
    return undefined;
  }

  /** Asks once for each topic: the cache and the alias keep the answer. */
  #use(): TopicUse {
    const alias = frame.topicAlias === 0 ? undefined : this.#aliases[frame.topicAlias];
    const known = alias === undefined ? this.#topics.note(frame.topicSlot) : alias.use;
    if (known !== undefined) return known;
    const use = this.#mayPublish(frame.topic);
    if (alias === undefined) this.#topics.setNote(frame.topicSlot, use);
    else alias.use = use;
    return use;
  }

  #mayPublish(topic: string): TopicUse {
    try {
      return this.#options.mayPublish(topic);
    } catch (error) {
      this.#options.log('error', 'mqtt.handler-failed', { ...this.#options.who(), error });
      return 'refuse';
    }
  }

  /**
   * Says to the sender how its publish went. A refused QoS 0 publish can only be counted and logged. MQTT 3.1.1 knows
   * no negative acknowledgement, and a positive one would be a lie, so that connection is closed: the client keeps the
   * message, and a person finds the reason in the log.
   */
  #answer(messageId: number, outcome: PublishOutcome): void {
    if (this.ended) return;
    if (outcome.ok) {
      if (messageId !== 0) this.#options.outgoing.acknowledge(messageId);
      return;
    }
    const { code, refusal } = publishRefusals[outcome.reason];
    this.#log(refusal, outcome.message);
    if (messageId !== 0 && this.version === 4) {
      this.#options.refuse(refusal, outcome.message);
      return;
    }
    this.#options.refused(refusal);
    if (messageId === 0) return;
    const properties = this.reasonStrings ? { reasonString: outcome.message.slice(0, 512) } : {};
    const packet = { cmd: 'puback', messageId, reasonCode: code, properties } as const;
    this.#options.outgoing.send(encode(packet, 5, this.clientMaximumPacketBytes));
  }

  #fault(error: unknown): PublishOutcome {
    this.#options.log('error', 'mqtt.publish-handler-failed', { ...this.#options.who(), error });
    return { ok: false, reason: 'unavailable', message: 'The platform could not store the message.' };
  }

  /** One line a second at most: a device that sends nonsense sends it often. */
  #log(reason: MqttRefusal, message: string): void {
    const now = performance.now();
    if (now - this.#loggedAt < 1000) {
      this.#unlogged++;
      return;
    }
    const fields = { ...this.#options.who(), reason, message, unlogged: this.#unlogged };
    this.#options.log('warn', 'mqtt.publish-refused', fields);
    this.#loggedAt = now;
    this.#unlogged = 0;
  }
}
