import { derOfPem } from './pem.ts';

/**
 * What node:tls does not tell: which certificates a revocation list (RFC 5280) names. OpenSSL checks a list's signature
 * at each handshake; this reads it so that connections that are open already can be ended.
 */

/** `<issuer, DER as base64>:<serial, hex>`: what a revocation list calls a certificate by. */
export type CertificateName = string;

const INTEGER = 0x02;
const SEQUENCE = 0x30;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

interface Element {
  readonly tag: number;
  /** With its tag and length. */
  readonly whole: Buffer;
  readonly body: Buffer;
}

/** Throws a RangeError for what is no revocation list. */
export function revokedBy(pem: string): CertificateName[] {
  const [list] = elementsOf(derOfPem(pem));
  const fields = elementsOf(sequence(elementsOf(sequence(list))[0]));
  if (fields[0]?.tag === INTEGER) fields.shift(); // the version, in lists of version 2
  const issuer = fields[1];
  const after = fields.slice(3); // signature algorithm, issuer, this update
  if (isTime(after[0])) after.shift(); // the next update
  if (issuer === undefined || !isTime(fields[2])) throw new RangeError('not a certificate revocation list');
  // Without an entry the field is left out; what comes then is [0], the extensions.
  if (after[0]?.tag !== SEQUENCE) return [];
  return elementsOf(after[0].body).map((entry) => nameOf(issuer, elementsOf(sequence(entry))[0]));
}

/** The name of a certificate, from its DER. Throws a RangeError for what is no certificate. */
export function certificateName(der: Buffer): CertificateName {
  const [certificate] = elementsOf(der);
  const fields = elementsOf(sequence(elementsOf(sequence(certificate))[0]));
  if (fields[0]?.tag === 0xa0) fields.shift(); // the version
  return nameOf(fields[2], fields[0]);
}

function nameOf(issuer: Element | undefined, serial: Element | undefined): CertificateName {
  if (issuer?.tag !== SEQUENCE || serial?.tag !== INTEGER) throw new RangeError('an issuer or a serial is missing');
  return `${issuer.whole.toString('base64')}:${serial.body.toString('hex')}`;
}

function sequence(element: Element | undefined): Buffer {
  if (element?.tag !== SEQUENCE) throw new RangeError('a sequence is missing');
  return element.body;
}

function isTime(element: Element | undefined): boolean {
  return element?.tag === UTC_TIME || element?.tag === GENERALIZED_TIME;
}

/** The DER elements that stand one after the other in `bytes`. */
function elementsOf(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    let start = at + 2;
    let length = bytes.readUInt8(at + 1);
    if (length >= 0x80) {
      const lengthBytes = length & 0x7f;
      length = bytes.readUIntBE(start, lengthBytes);
      start += lengthBytes;
    }
    if (start + length > bytes.length) throw new RangeError('cut off');
    elements.push({
      tag: bytes[at]!,
      whole: bytes.subarray(at, start + length),
      body: bytes.subarray(start, start + length),
    });
    at = start + length;
  }
  return elements;
}
