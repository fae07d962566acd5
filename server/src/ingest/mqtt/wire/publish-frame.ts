import type { MqttRefusal } from '../mqtt-reasons.ts';
import { emptyPropertyMarks, type PropertyMarks, walkProperties } from './properties.ts';
import type { TopicCache } from './topic-cache.ts';

/** What one PUBLISH packet says; one object is filled again and again, because this is the path of every sample. */
export interface PublishFrame {
  qos: number;
  retain: boolean;
  /** Empty when the packet gives only an alias. */
  topic: string;
  /** 0 when there is none. */
  topicAlias: number;
  /** The topic's place in the connection's cache; -1 for a topic that is not kept. */
  topicSlot: number;
  /** 0 for QoS 0. */
  messageId: number;
  dup: boolean;
  payloadStart: number;
  /** What the properties say, as far as it is used here. */
  readonly properties: PropertyMarks;
}

export function emptyPublishFrame(): PublishFrame {
  return {
    qos: 0,
    retain: false,
    topic: '',
    topicAlias: 0,
    topicSlot: -1,
    messageId: 0,
    dup: false,
    payloadStart: 0,
    properties: emptyPropertyMarks(),
  };
}

/** Decodes the body of a PUBLISH, `buffer[start..end)` with first byte `header`, into `frame`; says why it cannot. */
export function decodePublish(
  frame: PublishFrame,
  buffer: Buffer,
  header: number,
  start: number,
  end: number,
  version: 4 | 5,
  topics: TopicCache<unknown>,
): MqttRefusal | undefined {
  frame.qos = (header >> 1) & 3;
  frame.retain = (header & 1) === 1;
  frame.dup = (header & 8) !== 0;
  if (frame.qos === 3 || (frame.qos === 0 && (header & 8) !== 0)) return 'malformed-packet';
  if (end - start < 2) return 'malformed-packet';
  let position = start + 2 + ((buffer[start]! << 8) | buffer[start + 1]!);
  if (position > end) return 'malformed-packet';
  const read = topics.read(buffer, start + 2, position);
  if (typeof read === 'string') return read;
  frame.topic = read.topic;
  frame.topicSlot = read.slot;
  frame.messageId = 0;
  if (frame.qos > 0) {
    if (end - position < 2) return 'malformed-packet';
    frame.messageId = (buffer[position]! << 8) | buffer[position + 1]!;
    if (frame.messageId === 0) return 'protocol-error';
    position += 2;
  }
  const { properties } = frame;
  if (version === 5) {
    const wrong = walkProperties(properties, buffer, position, end, 'publish');
    if (wrong !== undefined) return wrong;
    position = properties.end;
  } else if (properties.end !== 0) properties.clear();
  frame.topicAlias = properties.topicAlias;
  if (frame.topic === '' && frame.topicAlias === 0) return 'protocol-error';
  frame.payloadStart = position;
  return undefined;
}
