import { randomBytes } from 'node:crypto';
import type { FaultList } from './fault-list.ts';
import { type FileSystem, type OpenFile, readFully, replaceFile } from './file-system.ts';
import type { Position } from './journal-contract.ts';
import type { Quarantine } from './quarantine.ts';
import { notePlace, type Segment, type SegmentPlace } from './segment.ts';
import {
  decodeSegmentHeader,
  parseSegmentName,
  RECORD_HEADER_BYTES,
  recordHeaderChecksOut,
  recordLength,
  recordPosition,
  SEGMENT_HEADER_BYTES,
} from './segment-format.ts';
import { readChunk } from './segment-reader.ts';

export interface Recovered {
  segments: Segment[];
  seed: number;
  next: Position;
  /** The newest segment, open for writing, when it can go on where it ends. */
  active: { segment: Segment; file: OpenFile } | undefined;
}

export interface RecoveryParts {
  fileSystem: FileSystem;
  directory: string;
  quarantine: Quarantine;
  faults: FaultList;
  clock: () => number;
}

const SCAN_BYTES = 4 * 1024 * 1024;

/**
 * Finds the segments, checks every record of the newest and cuts its torn end. Older segments were whole when the
 * next was begun; their damage is found when they are read, so opening costs the same however long the journal is.
 */
export async function recover(parts: RecoveryParts): Promise<Recovered> {
  const { fileSystem, directory, faults, clock } = parts;
  const names = await fileSystem.readdir(directory);
  for (const name of names) if (name.endsWith('.tmp')) await fileSystem.unlink(`${directory}/${name}`);
  const firsts = names.map(parseSegmentName).filter((first) => first !== undefined);
  firsts.sort((a, b) => a - b);
  const files = names.filter((name) => parseSegmentName(name) !== undefined).sort();

  const read = [];
  for (const name of files) read.push(await readHeader(fileSystem, directory, name));
  const seed = await journalSeed(parts, names.includes('seed'), read.find((one) => one.header)?.header?.seed);

  const segments: Segment[] = read.map(({ name, size, mtimeMs, header }, i) => ({
    path: `${directory}/${name}`,
    name,
    seed: header?.seed ?? seed,
    createdAt: header?.createdAt ?? mtimeMs,
    first: firsts[i]!,
    end: firsts[i + 1] ?? firsts[i]!,
    bytes: size,
    places: [],
    reported: new Set<number>(),
  }));
  for (const [i, { header, size }] of read.entries()) {
    if (header || size < SEGMENT_HEADER_BYTES) continue;
    const { name, first } = segments[i]!;
    const positions = { from: first, to: first };
    faults.report({
      kind: 'corrupt',
      at: clock(),
      segment: name,
      fromByte: 0,
      toByte: SEGMENT_HEADER_BYTES,
      positions,
    });
  }

  const newest = segments.at(-1);
  if (!newest) return { segments, seed, next: 0, active: undefined };
  const file = await fileSystem.open(newest.path, 'r+');
  const { next, reusable } = await recoverNewest(parts, newest, file);
  if (reusable && newest.seed === seed) return { segments, seed, next, active: { segment: newest, file } };
  await file.close();
  return { segments, seed, next, active: undefined };
}

async function readHeader(fileSystem: FileSystem, directory: string, name: string) {
  const file = await fileSystem.open(`${directory}/${name}`, 'r');
  try {
    const { size, mtimeMs } = await file.stat();
    return { name, size, mtimeMs, header: decodeSegmentHeader(await readFully(file, 0, SEGMENT_HEADER_BYTES)) };
  } finally {
    await file.close();
  }
}

/** Kept in a file of its own too, so that a damaged segment header does not take the records with it. */
async function journalSeed(parts: RecoveryParts, exists: boolean, fromSegment: number | undefined): Promise<number> {
  const text = exists ? await parts.fileSystem.readFile(`${parts.directory}/seed`, 'utf8') : '';
  if (/^[0-9a-f]{8}\n$/.test(text)) {
    const kept = Number.parseInt(text, 16);
    if (fromSegment === undefined || kept === fromSegment) return kept;
  }
  const seed = fromSegment ?? randomBytes(4).readUInt32LE(0);
  const content = Buffer.from(`${seed.toString(16).padStart(8, '0')}\n`);
  await replaceFile(parts.fileSystem, parts.directory, 'seed', content);
  return seed;
}

/** Sets the segment's end and bytes to what is whole; `next` lies beyond `end` where positions may have been given. */
async function recoverNewest(
  parts: RecoveryParts,
  segment: Segment,
  file: OpenFile,
): Promise<{ next: Position; reusable: boolean }> {
  const size = segment.bytes;
  if (size < SEGMENT_HEADER_BYTES) return { next: segment.first, reusable: false };
  const span = { seed: segment.seed, bytes: size, end: Number.POSITIVE_INFINITY };
  segment.bytes = SEGMENT_HEADER_BYTES;
  let tornFrom: number | undefined;
  let at: SegmentPlace | undefined = { offset: SEGMENT_HEADER_BYTES, position: segment.first };
  while (at) {
    const chunk = await readChunk(file, span, at, SCAN_BYTES);
    for (let i = 0; i < chunk.records.length; i++) {
      const { position, payload } = chunk.records[i]!;
      notePlace(segment, chunk.offsets[i]!, position);
      segment.end = position + 1;
      segment.bytes = chunk.offsets[i]! + RECORD_HEADER_BYTES + payload.length;
    }
    if (chunk.bad && chunk.next) {
      const { fromByte, toByte, from, to } = chunk.bad;
      await parts.quarantine.keep(file, segment, fromByte, toByte);
      segment.reported.add(fromByte);
      const positions = { from, to };
      parts.faults.report({ kind: 'corrupt', at: parts.clock(), segment: segment.name, fromByte, toByte, positions });
    } else if (chunk.bad) {
      tornFrom = chunk.bad.fromByte;
    }
    at = chunk.next;
  }
  if (tornFrom === undefined) {
    // What a killed process wrote may still be on its way to the disk, and is readable from now on.
    await file.datasync();
    return { next: segment.end, reusable: true };
  }
  return await cutTail(parts, segment, file, tornFrom, size);
}

async function cutTail(
  parts: RecoveryParts,
  segment: Segment,
  file: OpenFile,
  fromByte: number,
  toByte: number,
): Promise<{ next: Position; reusable: boolean }> {
  const tail = await readFully(file, fromByte, toByte - fromByte);
  const zero = tail.every((byte) => byte === 0);
  const given = zero ? 0 : countPossiblyGiven(tail, segment);
  const next = segment.end + given;
  if (given > 0) await parts.quarantine.keep(file, segment, fromByte, toByte);
  parts.faults.report({
    kind: 'torn',
    at: parts.clock(),
    segment: segment.name,
    fromByte,
    toByte,
    positions: { from: segment.end, to: next },
  });
  if (given > 0) return { next, reusable: false };
  await file.truncate(fromByte);
  await file.datasync();
  return { next, reusable: true };
}

/**
 * An incomplete record was never acknowledged and its position is free. A complete one with a wrong checksum, or one
 * with a damaged header, may have been acknowledged, so its position (and those behind it) must not be given again.
 */
function countPossiblyGiven(tail: Buffer, { end, seed }: Segment): number {
  let count = 0;
  let at = 0;
  while (at + RECORD_HEADER_BYTES <= tail.length) {
    const meant = recordHeaderChecksOut(tail, at, seed) && recordPosition(tail, at) === end + count;
    if (!meant) return Math.max(count, 1);
    at += RECORD_HEADER_BYTES + recordLength(tail, at);
    if (at > tail.length) break;
    count++;
  }
  return count;
}
