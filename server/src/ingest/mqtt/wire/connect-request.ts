import type { IConnectPacket } from 'mqtt-packet';
import type { MqttRefusal } from '../mqtt-reasons.ts';
import { NEVER_EXPIRES, type Will } from '../session/session.ts';
import { type MqttVersion, parseControlPacket } from './control-packets.ts';
import { FieldReader } from './field-reader.ts';
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

/** Why not; without a version there is no answer. */
export interface ConnectRefusal {
  readonly refusal: MqttRefusal;
  readonly detail?: string;
  readonly version?: MqttVersion;
}

const CONNECT = 0x10;
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
      version: level >= 5 && level < 128 ? 5 : 4,
    };
  }
  const version = level === 5 ? 5 : 4;
  const flags = frame[bodyStart + flagsAt] ?? RESERVED;
  const packet = wrongFlags(flags, version) ? undefined : parseControlPacket(frame, version);
  const request =
    packet?.cmd === 'connect'
      ? checkConnect(packet, version, flags, frame.subarray(bodyStart), flagsAt)
      : 'malformed-packet';
  if (typeof request !== 'string') return request;
  // MQTT 3.1.1 has an answer only for what is well formed.
  return version === 5 || request === 'client-id-invalid' ? { refusal: request, version } : { refusal: request };
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
  const fields = walkFields(body, flagsAt, version, flags);
  if (typeof fields === 'string') return fields;
  const { clientId, username, password, properties = {} } = packet;
  const {
    receiveMaximum = 65_535,
    maximumPacketSize: maximumPacketBytes = Number.POSITIVE_INFINITY,
    sessionExpiryInterval: expirySeconds = 0,
    topicAliasMaximum = 0,
  } = properties;
  if (properties.authenticationMethod !== undefined) return 'bad-authentication-method';
  if (properties.authenticationData !== undefined) return 'protocol-error';
  if (clientId === '' && version === 4 && packet.clean !== true) return 'client-id-invalid';
  const cleanStart = packet.clean === true;
  return {
    version,
    clientId,
    ...(username !== undefined && { username }),
    // A copy, because the parser's is a view on a whole socket read.
    ...(password !== undefined && { password: Buffer.from(password) }),
    cleanStart,
    expirySeconds: version === 5 ? expirySeconds : cleanStart ? 0 : NEVER_EXPIRES,
    will: fields.will,
    keepAliveSeconds: packet.keepalive ?? 0,
    receiveMaximum,
    maximumPacketBytes,
    topicAliasMaximum,
    reasonStrings: properties.requestProblemInformation !== false,
  };
}

/** All fields, because the parser minds neither bytes behind the last one nor text that is none. */
function walkFields(
  body: Buffer,
  flagsAt: number,
  version: MqttVersion,
  flags: number,
): { readonly will: Will | undefined } | MqttRefusal {
  const fields = new FieldReader(body, flagsAt + 3);
  if (version === 5) {
    const marks = emptyPropertyMarks();
    const wrong = walkProperties(marks, body, fields.at, body.length, 'connect');
    if (wrong !== undefined) return wrong;
    fields.at = marks.end;
  }
  if (fields.text() === undefined) return 'malformed-packet';
  const will = (flags & WILL) === 0 ? undefined : readWill(body, fields, version, flags);
  if (typeof will === 'string') return will;
  if ((flags & USERNAME) !== 0 && fields.text() === undefined) return 'malformed-packet';
  if ((flags & PASSWORD) !== 0 && fields.bytes() === undefined) return 'malformed-packet';
  return fields.ended ? { will } : 'malformed-packet';
}

/** The will as it stands on the wire, because its properties are passed on unaltered and in order. */
function readWill(body: Buffer, fields: FieldReader, version: MqttVersion, flags: number): Will | MqttRefusal {
  const marks = emptyPropertyMarks();
  if (version === 5) {
    const wrong = walkProperties(marks, body, fields.at, body.length, 'will');
    if (wrong !== undefined) return wrong;
    fields.at = marks.end;
  }
  const topic = fields.text()?.toString('utf8');
  const payload = topic === undefined ? undefined : fields.bytes();
  if (topic === undefined || payload === undefined) return 'malformed-packet';
  if (topic === '' || /[+#]/.test(topic)) return 'topic-invalid';
  const qos = ((flags >> 3) & 3) as 0 | 1 | 2;
  const properties = Buffer.from(forwardedProperties(marks, body));
  const content = { topic, payload: Buffer.from(payload), properties, qos, retain: (flags & WILL_RETAIN) !== 0 };
  return { content, expirySeconds: marks.expirySeconds, delaySeconds: marks.delaySeconds };
}
