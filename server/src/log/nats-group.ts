import { crc32 } from 'node:zlib';

/**
 * The appends that share one message of the stream, each a log record:
 *
 *   0 u8 version (1) · 1 u8 0 · 2 u16 records · 4 u32 CRC-32 of what follows · then of each record u32 bytes, bytes
 */
const version = 1;
const headerBytes = 8;
const lengthBytes = 4;
export const maxGroupRecords = 4096;

/** Bytes of a group that holds records of so many bytes. */
export function groupBytes(records: number, recordBytes: number): number {
  return headerBytes + records * lengthBytes + recordBytes;
}

/**
 * The position of record `index` of `count` in the message with this sequence (1, 2, …). The last record of a message
 * takes the last of its numbers, so that nothing lies between it and the next message.
 */
export function positionIn(sequence: number, index: number, count: number): number {
  return (sequence - 1) * maxGroupRecords + (index === count - 1 ? maxGroupRecords - 1 : index);
}

/** The message that holds a position. */
export function sequenceOf(position: number): number {
  return Math.floor(position / maxGroupRecords) + 1;
}

/** The first position of a message. */
export function startOf(sequence: number): number {
  return (sequence - 1) * maxGroupRecords;
}

export function encodeGroup(records: readonly Uint8Array[]): Uint8Array {
  const size = records.reduce((sum, { length }) => sum + length, 0);
  const group = Buffer.allocUnsafe(groupBytes(records.length, size));
  group.writeUInt16LE(version, 0);
  group.writeUInt16LE(records.length, 2);
  let at = headerBytes;
  for (const record of records) {
    at = group.writeUInt32LE(record.length, at);
    group.set(record, at);
    at += record.length;
  }
  group.writeUInt32LE(crc32(group.subarray(headerBytes)), 4);
  return group;
}

/** The records as views of `bytes`. Throws an Error when they are not a whole group. */
export function decodeGroup(bytes: Uint8Array): Buffer[] {
  const group = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (group.length < headerBytes || group.readUInt16LE(0) !== version) throw new Error('it is of another version');
  if (group.readUInt32LE(4) !== crc32(group.subarray(headerBytes))) throw new Error('its checksum is wrong');
  const records: Buffer[] = [];
  let at = headerBytes;
  for (let count = group.readUInt16LE(2); count > 0; count--) {
    const length = group.readUInt32LE(at);
    at += lengthBytes;
    records.push(group.subarray(at, at + length));
    at += length;
  }
  return records;
}
