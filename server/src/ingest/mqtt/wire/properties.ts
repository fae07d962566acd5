import { isUtf8 } from 'node:buffer';
import type { MqttRefusal } from '../mqtt-reasons.ts';

/** MQTT 5 property identifiers that are read or written by own code. */
export const propertyIds = {
  payloadFormat: 1,
  messageExpiry: 2,
  contentType: 3,
  responseTopic: 8,
  correlationData: 9,
  subscriptionIdentifier: 11,
  authenticationData: 22,
  problemInformation: 23,
  willDelay: 24,
  responseInformation: 25,
  receiveMaximum: 33,
  topicAlias: 35,
  userProperty: 38,
  maximumPacketSize: 39,
} as const;

/** Length of a property's value: bytes, 's' one length-prefixed field, 'p' two of them, 'v' a variable byte integer. */
type Shape = 1 | 2 | 4 | 's' | 'p' | 'v';
type Shapes = Readonly<Record<number, Shape>>;

const messageShapes: Shapes = { 1: 1, 2: 4, 3: 's', 8: 's', 9: 's', 38: 'p' };
const shapesOf = {
  publish: { ...messageShapes, [propertyIds.topicAlias]: 2 } as Shapes,
  will: { ...messageShapes, [propertyIds.willDelay]: 4 } as Shapes,
  connect: { 17: 4, 21: 's', 22: 's', 23: 1, 25: 1, 33: 2, 34: 2, 38: 'p', 39: 4 } as Shapes,
  subscribe: { [propertyIds.subscriptionIdentifier]: 'v', 38: 'p' } as Shapes,
  unsubscribe: { 38: 'p' } as Shapes,
  acknowledgement: { 31: 's', 38: 'p' } as Shapes,
  disconnect: { 17: 4, 28: 's', 31: 's', 38: 'p' } as Shapes,
};
/** Whose properties they are. */
export type PropertyOwner = keyof typeof shapesOf;

/** Values that are no text. */
const binary: ReadonlySet<number> = new Set([propertyIds.correlationData, propertyIds.authenticationData]);
/** Either 0 or 1. */
const flags: ReadonlySet<number> = new Set([propertyIds.problemInformation, propertyIds.responseInformation]);
const notZero: ReadonlySet<number> = new Set([propertyIds.receiveMaximum, propertyIds.maximumPacketSize]);

/** What was found in a list of properties; one object is filled again and again. Positions are those of the buffer walked. */
export interface PropertyMarks {
  /** The list without its length. */
  start: number;
  end: number;
  /** 0 when there is none. */
  topicAlias: number;
  /** Seconds; -1 when there is none. */
  expirySeconds: number;
  /** Seconds; a will's only. */
  delaySeconds: number;
  /** Bytes of those that a receiver gets unaltered. */
  forwardedBytes: number;
  clear(): void;
}

export function emptyPropertyMarks(): PropertyMarks {
  return {
    ...{ start: 0, end: 0, topicAlias: 0, expirySeconds: -1, delaySeconds: 0, forwardedBytes: 0 },
    clear() {
      this.start = this.end = this.topicAlias = this.delaySeconds = this.forwardedBytes = 0;
      this.expirySeconds = -1;
    },
  };
}

/** Walks the properties whose length stands at `buffer[position]`; says why they are wrong. */
export function walkProperties(
  marks: PropertyMarks,
  buffer: Buffer,
  position: number,
  end: number,
  owner: PropertyOwner,
): MqttRefusal | undefined {
  marks.clear();
  let at = position;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    if (at === end || shift > 21) return 'malformed-packet';
    const byte = buffer[at++]!;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const stop = at + length;
  if (stop > end) return 'malformed-packet';
  marks.start = at;
  marks.end = stop;
  const shapes = shapesOf[owner];
  let seenLow = 0;
  let seenHigh = 0;
  while (at < stop) {
    const property = buffer[at++]!;
    const shape = shapes[property];
    // The subscription identifier is one that only a server may send.
    if (shape === undefined)
      return property === propertyIds.subscriptionIdentifier ? 'protocol-error' : 'malformed-packet';
    if (property !== propertyIds.userProperty) {
      const bit = 1 << (property & 31);
      if (((property < 32 ? seenLow : seenHigh) & bit) !== 0) return 'protocol-error';
      if (property < 32) seenLow |= bit;
      else seenHigh |= bit;
    }
    const valueStart = at;
    if (typeof shape === 'number') at += shape;
    else if (shape === 'v') {
      at = varintEnd(buffer, at, stop);
      if (at < 0) return 'malformed-packet';
      if (buffer[valueStart] === 0) return 'protocol-error';
    } else {
      for (let fields = shape === 'p' ? 2 : 1; fields > 0; fields--) {
        if (at + 2 > stop) return 'malformed-packet';
        const fieldStart = at + 2;
        at = fieldStart + ((buffer[at]! << 8) | buffer[at + 1]!);
        if (at > stop) return 'malformed-packet';
        const field = buffer.subarray(fieldStart, at);
        if (binary.has(property)) continue;
        if (!isUtf8(field) || field.includes(0)) return 'malformed-packet';
        if (property === propertyIds.responseTopic && (field.includes(0x23) || field.includes(0x2b)))
          return 'protocol-error';
      }
    }
    if (at > stop) return 'malformed-packet';
    if (property === propertyIds.payloadFormat && buffer[valueStart]! > 1) return 'protocol-error';
    if (property === propertyIds.messageExpiry) marks.expirySeconds = buffer.readUInt32BE(valueStart);
    else if (property === propertyIds.willDelay) marks.delaySeconds = buffer.readUInt32BE(valueStart);
    else if (property === propertyIds.topicAlias) {
      marks.topicAlias = buffer.readUInt16BE(valueStart);
      if (marks.topicAlias === 0) return 'topic-alias-invalid';
    } else if (flags.has(property)) {
      if (buffer[valueStart]! > 1) return 'protocol-error';
    } else if (notZero.has(property)) {
      if (buffer.readUIntBE(valueStart, at - valueStart) === 0) return 'protocol-error';
    } else marks.forwardedBytes += at - valueStart + 1;
  }
  return undefined;
}

/** Where the variable byte integer ends; -1 when it is cut off or too long. */
function varintEnd(buffer: Buffer, position: number, end: number): number {
  for (let at = position; at < end && at < position + 4; at++) if (buffer[at]! < 0x80) return at + 1;
  return -1;
}

/** The value of the only user property of this name in a list that was walked; undefined for none or several. */
export function userProperty(list: Buffer, name: string): string | undefined {
  let found: string | undefined;
  for (let at = 0; at < list.length; ) {
    const property = list[at++]!;
    const shape = (shapesOf.publish[property] ?? shapesOf.will[property])!;
    if (typeof shape === 'number') {
      at += shape;
      continue;
    }
    const keyEnd = at + 2 + list.readUInt16BE(at);
    if (property !== propertyIds.userProperty) {
      at = keyEnd;
      continue;
    }
    const key = list.toString('utf8', at + 2, keyEnd);
    at = keyEnd + 2 + list.readUInt16BE(keyEnd);
    if (key !== name) continue;
    if (found !== undefined) return undefined;
    found = list.toString('utf8', keyEnd + 2, at);
  }
  return found;
}

/** The properties that a receiver gets as they came, in their order: all but expiry, delay and alias. */
export function forwardedProperties(marks: PropertyMarks, buffer: Buffer): Buffer {
  if (marks.forwardedBytes === 0) return nothing;
  const kept = Buffer.allocUnsafe(marks.forwardedBytes);
  if (marks.forwardedBytes === marks.end - marks.start) {
    buffer.copy(kept, 0, marks.start, marks.end);
    return kept;
  }
  let filled = 0;
  for (let at = marks.start; at < marks.end; ) {
    const start = at;
    const shape = (shapesOf.publish[buffer[at]!] ?? shapesOf.will[buffer[at]!])!;
    at++;
    if (typeof shape === 'number') at += shape;
    else for (let fields = shape === 'p' ? 2 : 1; fields > 0; fields--) at += 2 + buffer.readUInt16BE(at);
    const property = buffer[start]!;
    const own =
      property === propertyIds.messageExpiry ||
      property === propertyIds.topicAlias ||
      property === propertyIds.willDelay;
    if (!own) filled += buffer.copy(kept, filled, start, at);
  }
  return kept;
}

const nothing = Buffer.alloc(0);
