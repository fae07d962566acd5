import type { IConnectPacket } from 'mqtt-packet';
import type { MqttRefusal } from '../mqtt-reasons.ts';
import { isBrokenText, type MqttVersion, parseControlPacket } from './control-packets.ts';

/** What a client says of itself in CONNECT, as far as the door uses it. */
export interface ConnectRequest {
  readonly version: MqttVersion;
  /** Empty when the door is to choose one. */
  readonly clientId: string;
  readonly username?: string;
  readonly password?: Buffer;
  readonly keepAliveMs: number;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  readonly reasonStrings: boolean;
  readonly sessionAsked: boolean;
}

/** Why not; without a version the peer speaks no MQTT and gets no answer. */
export interface ConnectRefusal {
  readonly refusal: MqttRefusal;
  readonly detail?: string;
  readonly version?: MqttVersion;
}

const CONNECT = 0x10;
const MAX_CLIENT_ID_LENGTH = 256;

/** Reads the first packet of a connection: `frame` whole, its body from `bodyStart`. */
export function readConnect(frame: Buffer, bodyStart: number): ConnectRequest | ConnectRefusal {
  const requested = frame[0] === CONNECT ? requestedVersion(frame.subarray(bodyStart)) : undefined;
  if (requested === undefined) return { refusal: 'protocol-error', detail: 'the first packet is no CONNECT' };
  const { name, version } = requested;
  if (name !== 'MQTT' || (version !== 4 && version !== 5)) {
    return {
      refusal: 'unsupported-version',
      detail: `${JSON.stringify(name)} version ${version}`,
      // In the form that it may understand; 128 and above are bridges of old, which speak 3.1.1.
      version: version > 5 && version < 128 ? 5 : 4,
    };
  }
  const packet = parseControlPacket(frame, version);
  if (packet?.cmd !== 'connect') return { refusal: 'malformed-packet', version };
  const request = checkConnect(packet, version);
  return typeof request === 'string' ? { refusal: request, version } : request;
}

/**
 * The protocol version asked for, read ahead of parsing because the parser refuses unknown ones. `undefined` when there
 * is no protocol name to be found.
 */
function requestedVersion(body: Buffer): { name: string; version: number } | undefined {
  if (body.length < 2) return undefined;
  const end = 2 + body.readUInt16BE(0);
  if (end > 8 || end >= body.length) return undefined;
  return { name: body.toString('latin1', 2, end), version: body[end]! };
}

/**
 * A will is refused, not ignored: a device that relies on one would never learn that nobody publishes it. A session
 * asked for by MQTT 3.1.1 is answered with "no session present", which is the truth.
 */
function checkConnect(packet: IConnectPacket, version: MqttVersion): ConnectRequest | MqttRefusal {
  const { clientId, username, password, properties = {} } = packet;
  const receiveMaximum = numberProperty(properties.receiveMaximum, 65_535);
  const maximumPacketBytes = numberProperty(properties.maximumPacketSize, Number.POSITIVE_INFINITY);
  const sessionExpiry = numberProperty(properties.sessionExpiryInterval, 0);
  // Zero is as forbidden as a property given twice.
  if (!receiveMaximum || !maximumPacketBytes || sessionExpiry === undefined) return 'protocol-error';
  if (isBrokenText(clientId) || isBrokenText(username ?? '')) return 'malformed-packet';
  if (properties.authenticationMethod !== undefined) return 'bad-authentication-method';
  if (packet.will !== undefined) return 'will-not-supported';
  if (clientId.length > MAX_CLIENT_ID_LENGTH) return 'client-id-invalid';
  if (clientId === '' && version === 4 && packet.clean !== true) return 'client-id-invalid';
  return {
    version,
    clientId,
    ...(username !== undefined && { username }),
    // A copy, because the parser's is a view on a whole socket read.
    ...(password !== undefined && { password: Buffer.from(password) }),
    keepAliveMs: (packet.keepalive ?? 0) * 1000,
    receiveMaximum,
    maximumPacketBytes,
    reasonStrings: properties.requestProblemInformation !== false,
    sessionAsked: sessionExpiry !== 0,
  };
}

/** A property given twice arrives as a list. */
function numberProperty(value: unknown, fallback: number): number | undefined {
  if (value === undefined) return fallback;
  return typeof value === 'number' ? value : undefined;
}
