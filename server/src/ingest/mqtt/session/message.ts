import { type EncodedPublish, encodePublish, type WireMessage, type WireOptions } from '../wire/publish-encoder.ts';

/** Counted since the session began. */
export interface DroppedMessages {
  /** No room: the newest was not queued. */
  full: number;
  /** QoS 0 given up for a slow or absent client. */
  qos0: number;
  expired: number;
  /** Larger than the client takes. */
  tooLarge: number;
}

/** What all sessions of a door hold, each message counted once, and what they did not get. */
export interface BacklogTotals {
  messages: number;
  bytes: number;
  readonly dropped: DroppedMessages;
}

export function noBacklog(): BacklogTotals {
  return { messages: 0, bytes: 0, dropped: { full: 0, qos0: 0, expired: 0, tooLarge: 0 } };
}

/** A message's content as plain data. */
export function contentOf({
  topic,
  payload,
  properties,
  qos,
  retain,
  expiresAt,
  relayed,
}: MessageContent): MessageContent {
  return { topic, payload, properties, qos, retain, expiresAt, relayed };
}

/** What a held message costs besides its bytes, roughly. */
const MESSAGE_COST_BYTES = 200;

export interface MessageContent {
  readonly topic: string;
  readonly payload: Buffer;
  /** MQTT 5 properties that are passed on as they came; empty for none. */
  readonly properties: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Milliseconds since 1970; Infinity without expiry. */
  readonly expiresAt: number;
  /** Its position in the relay; undefined when it came by none. */
  readonly relayed?: number | undefined;
}

/** A message on its way to any number of sessions, held once. Its bytes are its own and never change. */
export class Message implements WireMessage {
  readonly topic: string;
  readonly topicBytes: Buffer;
  readonly payload: Buffer;
  readonly properties: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly expiresAt: number;
  readonly relayed: number | undefined;
  /** Older messages have smaller ones. */
  readonly sequence: number;
  /** May be sent: what must be on disk is. */
  ready = true;
  /** It could not be put on disk: nobody gets it. */
  void = false;
  /** Those that wait for `ready` or `void`. */
  waiting: { pump(): void }[] | undefined;
  #holders = 0;
  #encoded: EncodedPublish | undefined;
  #encodedFor: number | string = 0;

  constructor(content: MessageContent, sequence: number) {
    this.topic = content.topic;
    this.topicBytes = Buffer.from(content.topic);
    this.payload = content.payload;
    this.properties = content.properties;
    this.qos = content.qos;
    this.retain = content.retain;
    this.expiresAt = content.expiresAt;
    this.relayed = content.relayed;
    this.sequence = sequence;
  }

  get bytes(): number {
    return this.topicBytes.length + this.payload.length + this.properties.length + MESSAGE_COST_BYTES;
  }

  hold(totals: BacklogTotals): void {
    if (this.#holders++ > 0) return;
    totals.messages++;
    totals.bytes += this.bytes;
  }

  letGo(totals: BacklogTotals): void {
    if (--this.#holders > 0) return;
    totals.messages--;
    totals.bytes -= this.bytes;
  }

  /** Seconds that are left, rounded up; -1 without expiry; undefined when it is over. */
  secondsLeft(nowMs: number): number | undefined {
    if (this.expiresAt === Number.POSITIVE_INFINITY) return -1;
    const seconds = Math.ceil((this.expiresAt - nowMs) / 1000);
    return seconds > 0 ? seconds : undefined;
  }

  /** Receivers one after another mostly want the same bytes: the last ones are kept until `forgetEncoded`. */
  encode(options: WireOptions): EncodedPublish {
    const { version, qos, retain, expirySeconds, subscriptionIds, topicAlias } = options;
    if (topicAlias > 0) return encodePublish(this, options);
    const form = (version << 3) | (qos << 1) | (retain ? 1 : 0);
    const plain = version === 4 || (expirySeconds < 0 && subscriptionIds.length === 0);
    const wanted = plain ? form : `${form} ${expirySeconds} ${subscriptionIds.join()}`;
    if (this.#encoded !== undefined && this.#encodedFor === wanted) return this.#encoded;
    this.#encodedFor = wanted;
    this.#encoded = encodePublish(this, options);
    return this.#encoded;
  }

  forgetEncoded(): void {
    this.#encoded = undefined;
  }
}
