import type { MqttRefusal } from '../mqtt-reasons.ts';
import type { MqttVersion } from './control-packets.ts';
import { FieldReader } from './field-reader.ts';
import { emptyPropertyMarks, type PropertyOwner, walkProperties } from './properties.ts';

const PUBACK = 4;
const PUBCOMP = 7;
const SUBSCRIBE = 8;
const UNSUBSCRIBE = 10;
const DISCONNECT = 14;

const marks = emptyPropertyMarks();

/**
 * What is wrong with a packet that the parser takes all the same: text that is none, properties of another packet or
 * given twice, bytes behind the end. Not for CONNECT and PUBLISH, which are read by code of their own.
 */
export function formFault(type: number, body: Buffer, version: MqttVersion): MqttRefusal | undefined {
  if (type === SUBSCRIBE) return filtersFault(body, version, 'subscribe', 1);
  if (type === UNSUBSCRIBE) return filtersFault(body, version, 'unsubscribe', 0);
  if (type >= PUBACK && type <= PUBCOMP) return endFault(body, 2, version, 'acknowledgement');
  return type === DISCONNECT ? endFault(body, 0, version, 'disconnect') : undefined;
}

/** `optionBytes`: what follows each filter. */
function filtersFault(
  body: Buffer,
  version: MqttVersion,
  owner: PropertyOwner,
  optionBytes: number,
): MqttRefusal | undefined {
  const fields = new FieldReader(body, 2);
  if (version === 5) {
    const wrong = walkProperties(marks, body, 2, body.length, owner);
    if (wrong !== undefined) return wrong;
    fields.at = marks.end;
  }
  while (!fields.ended) {
    if (fields.text() === undefined) return 'malformed-packet';
    fields.at += optionBytes;
    if (fields.at > body.length) return 'malformed-packet';
  }
  return undefined;
}

/** A packet that is `fixedBytes`, in MQTT 5 with a reason code and properties behind them, each of which may be left out. */
function endFault(
  body: Buffer,
  fixedBytes: number,
  version: MqttVersion,
  owner: PropertyOwner,
): MqttRefusal | undefined {
  if (version === 4) return body.length === fixedBytes ? undefined : 'malformed-packet';
  const propertiesAt = fixedBytes + 1;
  if (body.length <= propertiesAt) return body.length < fixedBytes ? 'malformed-packet' : undefined;
  const wrong = walkProperties(marks, body, propertiesAt, body.length, owner);
  return wrong ?? (marks.end === body.length ? undefined : 'malformed-packet');
}
