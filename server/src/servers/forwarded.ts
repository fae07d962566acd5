/** u32 bytes of the head · the head as JSON · the body */
export function encodeForwarded(head: unknown, body: Uint8Array): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, body]);
}

export function decodeForwarded<Head>(bytes: Buffer): { head: Head; body: Buffer } {
  const end = 4 + bytes.readUInt32LE(0);
  return { head: JSON.parse(bytes.toString('utf8', 4, end)) as Head, body: bytes.subarray(end) };
}
