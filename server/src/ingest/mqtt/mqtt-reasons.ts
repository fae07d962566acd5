/** Why the door refuses a connection, a packet or a publish. Names are the keys of the door's statistics. */
export type MqttRefusal =
  | 'malformed-packet'
  | 'protocol-error'
  | 'unsupported-version'
  | 'client-id-invalid'
  | 'bad-credentials'
  | 'not-authorized'
  | 'unavailable'
  | 'server-busy'
  | 'server-shutting-down'
  | 'bad-authentication-method'
  | 'keep-alive-timeout'
  | 'connect-timeout'
  | 'write-timeout'
  | 'session-taken-over'
  | 'topic-invalid'
  | 'topic-alias-invalid'
  | 'packet-too-large'
  | 'quota-exceeded'
  | 'payload-invalid'
  | 'receive-maximum-exceeded'
  | 'administrative';

export interface MqttReason {
  /** MQTT 5 reason code, valid in CONNACK and DISCONNECT alike (the sets differ; each entry is allowed where it is used). */
  readonly code: number;
  /** MQTT 3.1.1 CONNACK return code; after CONNACK that version carries no reason at all. */
  readonly returnCode: 1 | 2 | 3 | 4 | 5;
  /** Sent as the MQTT 5 reason string and logged. English only: the reader is a device engineer's protocol trace. */
  readonly text: string;
}

export const mqttReasons: Record<MqttRefusal, MqttReason> = {
  'malformed-packet': { code: 0x81, returnCode: 3, text: 'The packet does not follow the MQTT wire format.' },
  'protocol-error': { code: 0x82, returnCode: 3, text: 'The packet is not allowed at this point.' },
  'unsupported-version': { code: 0x84, returnCode: 1, text: 'Only MQTT 3.1, 3.1.1 and 5 are served.' },
  'client-id-invalid': { code: 0x85, returnCode: 2, text: 'The client identifier is not acceptable.' },
  'bad-credentials': { code: 0x86, returnCode: 4, text: 'User name or password is wrong.' },
  'not-authorized': { code: 0x87, returnCode: 5, text: 'The identity may not do this.' },
  unavailable: { code: 0x88, returnCode: 3, text: 'The platform cannot take this now; try again.' },
  'server-busy': { code: 0x89, returnCode: 3, text: 'Too many connections or too much memory in use; try again.' },
  'server-shutting-down': { code: 0x8b, returnCode: 3, text: 'The platform is stopping.' },
  'bad-authentication-method': { code: 0x8c, returnCode: 5, text: 'Enhanced authentication is not offered.' },
  'keep-alive-timeout': { code: 0x8d, returnCode: 3, text: 'Nothing arrived for one and a half keep-alive periods.' },
  'connect-timeout': { code: 0xa0, returnCode: 3, text: 'The connection was not established in time.' },
  'write-timeout': { code: 0x97, returnCode: 3, text: 'The client does not read what is sent to it.' },
  'session-taken-over': { code: 0x8e, returnCode: 3, text: 'The same client connected again.' },
  'topic-invalid': { code: 0x90, returnCode: 3, text: 'A topic to publish to has no wildcard.' },
  'topic-alias-invalid': { code: 0x94, returnCode: 3, text: 'The topic alias is zero, too large or unknown.' },
  'packet-too-large': { code: 0x95, returnCode: 3, text: 'The packet is larger than the maximum packet size.' },
  'quota-exceeded': { code: 0x97, returnCode: 3, text: 'The quota is used up.' },
  'payload-invalid': { code: 0x99, returnCode: 3, text: 'The payload cannot be read.' },
  'receive-maximum-exceeded': {
    code: 0x93,
    returnCode: 3,
    text: 'More QoS 2 messages are under way than the receive maximum.',
  },
  administrative: { code: 0x98, returnCode: 3, text: 'The connection was ended by the platform.' },
};

/** Why one publish was not taken; the rest of the connection goes on where the protocol can say so. */
export type PublishRefusal = 'not-authorized' | 'malformed' | 'quota' | 'unavailable';

/** `unmatched`: nobody has subscribed to it. */
export type PublishOutcome = { ok: true; unmatched?: true } | { ok: false; reason: PublishRefusal; message: string };

/**
 * MQTT 5 PUBACK codes. `unavailable` is 0x83: PUBACK knows no 0x88.
 * MQTT 3.1.1 has only a positive PUBACK, so there the connection is closed without one.
 */
export const publishRefusals: Record<PublishRefusal, { readonly code: number; readonly refusal: MqttRefusal }> = {
  'not-authorized': { code: 0x87, refusal: 'not-authorized' },
  malformed: { code: 0x99, refusal: 'payload-invalid' },
  quota: { code: 0x97, refusal: 'quota-exceeded' },
  unavailable: { code: 0x83, refusal: 'unavailable' },
};

/** SUBACK codes of MQTT 5; MQTT 3.1.1 says 0x80 for each of them. */
export const subscribeRefusals = { notAuthorized: 0x87, filterInvalid: 0x8f, quota: 0x97 } as const;

/** A message that nobody has subscribed to: MQTT 5 says so in PUBACK and PUBREC. */
export const NO_MATCHING_SUBSCRIBERS = 0x10;
