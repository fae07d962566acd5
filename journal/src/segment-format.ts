/**
 * The bytes of a segment file, `<first position, 16 digits>.seg`; all numbers little-endian.
 *
 * ```
 * header, 64 bytes
 *    0  8  magic "LUBANSEG"
 *    8  4  format version, 1
 *   12  4  seed of the record checksums, one for the whole journal
 *   16  8  position of the first record
 *   24  8  created, milliseconds since 1970
 *   32 28  zero
 *   60  4  CRC-32 of bytes 0–59
 *
 * record, 16 bytes + payload, one after another without padding
 *    0  4  CRC-32 of everything below (length, position, payload), begun with the seed
 *    4  4  payload length
 *    8  6  position
 *   14  2  check of length and position: tells a record that was cut short from one whose length is damaged
 *   16  …  payload
 * ```
 *
 * Positions in a segment count up by one from its first. A segment ends where the next segment's first position
 * begins: bytes after that are the remains of a failed write and belong to nobody. The seed keeps a record of another
 * journal, carried inside a payload, from being taken for one of ours when the reader looks for the next whole record
 * after damage.
 */
import { crc32 } from 'node:zlib';
import { JournalError } from './journal-error.ts';

export const SEGMENT_HEADER_BYTES = 64;
export const RECORD_HEADER_BYTES = 16;

const MAGIC = Buffer.from('LUBANSEG', 'latin1');
const VERSION = 1;
const HEADER_CRC_AT = 60;
const TWO_32 = 0x1_0000_0000;
const SEGMENT_NAME = /^(\d{16})\.seg$/;

export interface SegmentHeader {
  seed: number;
  first: number;
  /** Milliseconds since 1970. */
  createdAt: number;
}

export function segmentName(first: number): string {
  return `${String(first).padStart(16, '0')}.seg`;
}

/** The first position that a segment's file name carries; undefined when the file is not a segment. */
export function parseSegmentName(name: string): number | undefined {
  const match = SEGMENT_NAME.exec(name);
  return match ? Number(match[1]) : undefined;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(header.seed, 12);
  bytes.writeBigUInt64LE(BigInt(header.first), 16);
  bytes.writeBigUInt64LE(BigInt(Math.max(0, Math.trunc(header.createdAt))), 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_CRC_AT)), HEADER_CRC_AT);
  return bytes;
}

/** Undefined when damaged; throws `journal.format` when whole but written by a newer version. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (crc32(bytes.subarray(0, HEADER_CRC_AT)) !== bytes.readUInt32LE(HEADER_CRC_AT)) return undefined;
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) {
    throw new JournalError('journal.format', `segment format ${version} is not known here, only ${VERSION}`);
  }
  return {
    seed: bytes.readUInt32LE(12),
    first: Number(bytes.readBigUInt64LE(16)),
    createdAt: Number(bytes.readBigUInt64LE(24)),
  };
}

/** Writes a record's header at `at`; the payload need not lie behind it. */
export function writeRecordHeader(
  target: Buffer,
  at: number,
  seed: number,
  position: number,
  payload: Uint8Array,
): void {
  target.writeUInt32LE(payload.length, at + 4);
  target.writeUInt32LE(position % TWO_32, at + 8);
  target.writeUInt16LE(Math.floor(position / TWO_32), at + 12);
  target.writeUInt16LE(headerCheck(target, at, seed), at + 14);
  const headerCrc = crc32(target.subarray(at + 4, at + RECORD_HEADER_BYTES), seed);
  target.writeUInt32LE(payload.length === 0 ? headerCrc : crc32(payload, headerCrc), at);
}

/** Odd factors keep every single bit visible; folding makes a chance hit one in 65,536. */
function headerCheck(bytes: Buffer, at: number, seed: number): number {
  const length = Math.imul(bytes.readUInt32LE(at + 4), 0x9e3779b1);
  const low = Math.imul(bytes.readUInt32LE(at + 8), 0x85ebca6b);
  const high = Math.imul(bytes.readUInt16LE(at + 12), 0xc2b2ae35);
  const mixed = Math.imul(((length ^ (low >>> 7)) + low + high) ^ seed, 0x27d4eb2f);
  return ((mixed >>> 16) ^ mixed) & 0xffff;
}

/** True when length and position of the header at `at` belong together; says nothing of the payload. */
export function recordHeaderChecksOut(bytes: Buffer, at: number, seed: number): boolean {
  return bytes.readUInt16LE(at + 14) === headerCheck(bytes, at, seed);
}

export function recordLength(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4);
}

export function recordPosition(bytes: Buffer, at: number): number {
  return bytes.readUInt16LE(at + 12) * TWO_32 + bytes.readUInt32LE(at + 8);
}

/** True when the whole record at `at`, which must lie in `bytes`, has the checksum that it names. */
export function recordChecksOut(bytes: Buffer, at: number, seed: number): boolean {
  const end = at + RECORD_HEADER_BYTES + recordLength(bytes, at);
  return crc32(bytes.subarray(at + 4, end), seed) === bytes.readUInt32LE(at);
}
