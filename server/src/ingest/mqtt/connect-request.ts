import type { IConnectPacket } from 'mqtt-packet';
import { isBrokenText, type MqttVersion } from './control-packets.ts';
import type { MqttRefusal } from './mqtt-reasons.ts';

/** What a client says of itself in CONNECT, as far as the door uses it. */
export interface ConnectRequest {
  /** Empty when the door is to choose one. */
  readonly clientId: string;
  readonly keepAliveMs: number;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  readonly reasonStrings: boolean;
  readonly sessionAsked: boolean;
}

const MAX_CLIENT_ID_LENGTH = 256;

/**
 * Checks a parsed CONNECT. A will is refused, not ignored: a device that relies on one would never learn that nobody
 * publishes it. A session asked for by MQTT 3.1.1 is answered with "no session present", which is the truth.
 */
export function readConnect(packet: IConnectPacket, version: MqttVersion): ConnectRequest | MqttRefusal {
  const properties = packet.properties ?? {};
  const receiveMaximum = numberProperty(properties.receiveMaximum, 65_535);
  const maximumPacketBytes = numberProperty(properties.maximumPacketSize, Number.POSITIVE_INFINITY);
  const sessionExpiry = numberProperty(properties.sessionExpiryInterval, 0);
  // Zero is as forbidden as a property given twice.
  if (!receiveMaximum || !maximumPacketBytes || sessionExpiry === undefined) return 'protocol-error';
  const { clientId } = packet;
  if (isBrokenText(clientId) || isBrokenText(packet.username ?? '')) return 'malformed-packet';
  if (properties.authenticationMethod !== undefined) return 'bad-authentication-method';
  if (packet.will !== undefined) return 'will-not-supported';
  if (clientId.length > MAX_CLIENT_ID_LENGTH) return 'client-id-invalid';
  if (clientId === '' && version === 4 && packet.clean !== true) return 'client-id-invalid';
  return {
    clientId,
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
