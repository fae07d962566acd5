/** The blocks of a PEM text of this kind (`CERTIFICATE`, `X509 CRL`), each as it stands there. */
export function pemBlocks(text: string, kind: string): string[] {
  return text.match(new RegExp(`-----BEGIN ${kind}-----[^-]*-----END ${kind}-----`, 'g')) ?? [];
}

/** The bytes of one PEM block. */
export function derOfPem(block: string): Buffer {
  return Buffer.from(block.replace(/-----[^-]*-----/g, ''), 'base64');
}
