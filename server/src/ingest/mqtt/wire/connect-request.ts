import type { IConnectPacket } from 'mqtt-packet';
import type { MqttRefusal } from '../mqtt-reasons.ts';
import { NEVER_EXPIRES, type Will } from '../session/session.ts';
import { isBrokenText, type MqttVersion, parseControlPacket } from './control-packets.ts';
import { emptyPropertyMarks, forwardedProperties, walkProperties } from './properties.ts';

/** What a client says of itself in CONNECT, as far as the door uses it. */
export interface ConnectRequest {
  readonly version: MqttVersion;
  /** Empty when the door is to choose one. */
  readonly clientId: string;
  readonly username?: string;
  readonly password?: Buffer;
  readonly cleanStart: boolean;
  /** How long the session is kept without a connection. */
  readonly expirySeconds: number;
  readonly will: Will | undefined;
  readonly keepAliveSeconds: number;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  /** Aliases that the client understands. */
  readonly topicAliasMaximum: number;
  readonly reasonStrings: boolean;
}

/** Why not; without a version the peer speaks no MQTT and gets no answer. */
export interface ConnectRefusal {
  readonly refusal: MqttRefusal;
  readonly detail?: string;
  readonly version?: MqttVersion;
}

const CONNECT = 0x10;
const MAX_CLIENT_ID_LENGTH = 256;
const USERNAME = 0x80;
const PASSWORD = 0x40;
const WILL_RETAIN = 0x20;
const WILL = 0x04;
const RESERVED = 0x01;

/** Reads the first packet of a connection: `frame` whole, its body from `bodyStart`. */
export function readConnect(frame: Buffer, bodyStart: number): ConnectRequest | ConnectRefusal {
  const requested = frame[0] === CONNECT ? requestedVersion(frame.subarray(bodyStart)) : undefined;
  if (requested === undefined) return { refusal: 'protocol-error', detail: 'the first packet is no CONNECT' };
  const { name, level, flagsAt } = requested;
  // 3.1 is 3.1.1 under another name.
  const served = name === 'MQTT' ? level === 4 || level === 5 : name === 'MQIsdp' && level === 3;
  if (!served) {
    return {
      refusal: 'unsupported-version',
      detail: `${JSON.stringify(name)} version ${level}`,
      // In the form that it may understand; 128 and above are bridges of old, which speak 3.1.1.
      version: level > 5 && level < 128 ? 5 : 4,
    };
  }
  const version = level === 5 ? 5 : 4;
  const flags = frame[bodyStart + flagsAt] ?? RESERVED;
  const packet = wrongFlags(flags, version) ? undefined : parseControlPacket(frame, version);
  if (packet?.cmd !== 'connect') return { refusal: 'malformed-packet', version };
  const request = checkConnect(packet, version, flags, frame.subarray(bodyStart), flagsAt);
  return typeof request === 'string' ? { refusal: request, version } : request;
}

/**
 * The protocol version asked for, read ahead of parsing because the parser refuses unknown ones. `undefined` when there
 * is no protocol name to be found.
 */
function requestedVersion(body: Buffer): { name: string; level: number; flagsAt: number } | undefined {
  if (body.length < 2) return undefined;
  const end = 2 + body.readUInt16BE(0);
  if (end > 8 || end >= body.length) return undefined;
  return { name: body.toString('latin1', 2, end), level: body[end]!, flagsAt: end + 1 };
}

function wrongFlags(flags: number, version: MqttVersion): boolean {
  if ((flags & RESERVED) !== 0) return true;
  if (version === 4 && (flags & USERNAME) === 0 && (flags & PASSWORD) !== 0) return true;
  const willQos = (flags >> 3) & 3;
  return (flags & WILL) === 0 ? willQos !== 0 || (flags & WILL_RETAIN) !== 0 : willQos === 3;
}

function checkConnect(
  packet: IConnectPacket,
  version: MqttVersion,
  flags: number,
  body: Buffer,
  flagsAt: number,
): ConnectRequest | MqttRefusal {
  const { clientId, username, password, properties = {} } = packet;
  const receiveMaximum = numberProperty(properties.receiveMaximum, 65_535);
  const maximumPacketBytes = numberProperty(properties.maximumPacketSize, Number.POSITIVE_INFINITY);
  const expirySeconds = numberProperty(properties.sessionExpiryInterval, 0);
  const topicAliasMaximum = numberProperty(properties.topicAliasMaximum, 0);
  // Zero is as forbidden as a property given twice.
  if (!receiveMaximum || !maximumPacketBytes) return 'protocol-error';
  if (expirySeconds === undefined || topicAliasMaximum === undefined) return 'protocol-error';
  if (isBrokenText(clientId) || isBrokenText(username ?? '')) return 'malformed-packet';
  if (properties.authenticationMethod !== undefined) return 'bad-authentication-method';
  if (properties.authenticationData !== undefined) return 'protocol-error';
  if (clientId.length > MAX_CLIENT_ID_LENGTH) return 'client-id-invalid';
  if (clientId === '' && version === 4 && packet.clean !== true) return 'client-id-invalid';
  const will = (flags & WILL) === 0 ? undefined : wholeWill(body, flagsAt, version, flags);
  if (typeof will === 'string') return will;
  const cleanStart = packet.clean === true;
  return {
    version,
    clientId,
    ...(username !== undefined && { username }),
    // A copy, because the parser's is a view on a whole socket read.
    ...(password !== undefined && { password: Buffer.from(password) }),
    cleanStart,
    expirySeconds: version === 5 ? expirySeconds : cleanStart ? 0 : NEVER_EXPIRES,
    will,
    keepAliveSeconds: packet.keepalive ?? 0,
    receiveMaximum,
    maximumPacketBytes,
    topicAliasMaximum,
    reasonStrings: properties.requestProblemInformation !== false,
  };
}

function wholeWill(body: Buffer, flagsAt: number, version: MqttVersion, flags: number): Will | MqttRefusal {
  try {
    return readWill(body, flagsAt, version, flags);
  } catch (error) {
    // Cut off where the parser did not mind.
    if (error instanceof RangeError) return 'malformed-packet';
    throw error;
  }
}

/** The will as it stands on the wire, because its properties are passed on unaltered and in order. */
function readWill(body: Buffer, flagsAt: number, version: MqttVersion, flags: number): Will | MqttRefusal {
  const marks = emptyPropertyMarks();
  let at = flagsAt + 3;
  if (version === 5) at = skipProperties(body, at);
  at += 2 + body.readUInt16BE(at);
  let properties = Buffer.alloc(0);
  if (version === 5) {
    const wrong = walkProperties(marks, body, at, body.length, 'will');
    if (wrong !== undefined) return wrong;
    properties = Buffer.from(forwardedProperties(marks, body));
    at = marks.end;
  }
  const topicEnd = at + 2 + body.readUInt16BE(at);
  const topic = body.toString('utf8', at + 2, topicEnd);
  const payloadEnd = topicEnd + 2 + body.readUInt16BE(topicEnd);
  if (isBrokenText(topic)) return 'malformed-packet';
  if (topic === '' || /[+#]/.test(topic)) return 'topic-invalid';
  const qos = ((flags >> 3) & 3) as 0 | 1 | 2;
  const payload = Buffer.from(body.subarray(topicEnd + 2, payloadEnd));
  const content = { topic, payload, properties, qos, retain: (flags & WILL_RETAIN) !== 0 };
  return { content, expirySeconds: marks.expirySeconds, delaySeconds: marks.delaySeconds };
}

/** The parser has found them right. */
function skipProperties(body: Buffer, position: number): number {
  let at = position;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = body[at++]!;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return at + length;
  }
}

/** A property given twice arrives as a list. */
function numberProperty(value: unknown, fallback: number): number | undefined {
  if (value === undefined) return fallback;
  return typeof value === 'number' ? value : undefined;
}
