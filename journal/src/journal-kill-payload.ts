/** A payload that tells its number, of a length that follows from it. */
export function payloadOf(serial: number): Buffer {
  const payload = Buffer.alloc(8 + ((serial * 7919) % 6000), serial & 255);
  payload.writeDoubleLE(serial, 0);
  return payload;
}
