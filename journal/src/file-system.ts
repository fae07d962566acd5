import * as fs from 'node:fs/promises';

/** An open file. Offsets and lengths are bytes. */
export interface OpenFile {
  writev(buffers: readonly NodeJS.ArrayBufferView[], position: number): Promise<{ bytesWritten: number }>;
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  stat(): Promise<{ size: number; mtimeMs: number }>;
  close(): Promise<void>;
}

/** What the journal needs from the file system; a test hands in one that fails on command. */
export interface FileSystem {
  open(path: string, flags: string): Promise<OpenFile>;
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  readFile(path: string, encoding: 'utf8'): Promise<string>;
  readlink(path: string): Promise<string>;
  symlink(target: string, path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

export const nodeFileSystem: FileSystem = fs;

/** Makes created, renamed and removed names durable. Windows can not sync a directory and does not need it. */
export async function syncDirectory(fileSystem: FileSystem, directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await fileSystem.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes every byte at `offset`, going on after a short write; throws what the system throws. */
export async function writeFully(file: OpenFile, buffers: readonly Buffer[], offset: number): Promise<void> {
  let rest = buffers;
  let at = offset;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, at);
    if (bytesWritten <= 0) throw new Error('the system wrote nothing and named no cause');
    at += bytesWritten;
    let skip = bytesWritten;
    let index = 0;
    while (index < rest.length && skip >= rest[index]!.length) skip -= rest[index++]!.length;
    if (index === rest.length) return;
    rest = [rest[index]!.subarray(skip), ...rest.slice(index + 1)];
  }
}

/** Reads up to `length` bytes at `offset`; shorter only at the end of the file. */
export async function readFully(file: OpenFile, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === length ? buffer : buffer.subarray(0, filled);
}

/** Replaces a file so that a crash leaves the old one or the new one, whole; returns with the name durable. */
export async function replaceFile(
  fileSystem: FileSystem,
  directory: string,
  name: string,
  content: Buffer,
): Promise<void> {
  const temporary = `${directory}/${name}.tmp`;
  const handle = await fileSystem.open(temporary, 'w');
  try {
    await writeFully(handle, [content], 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await fileSystem.rename(temporary, `${directory}/${name}`);
  await syncDirectory(fileSystem, directory);
}
