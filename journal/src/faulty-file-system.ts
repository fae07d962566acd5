import { type FileSystem, nodeFileSystem, type OpenFile } from './file-system.ts';

export type FaultyCall = 'open' | 'writev' | 'datasync' | 'sync' | 'truncate' | 'rename' | 'read';

export interface FaultyFileSystem {
  fileSystem: FileSystem;
  /** From now on this call fails with this system code; `path` narrows it to paths that contain it. */
  fail(call: FaultyCall, code: string, path?: string): void;
  mend(): void;
  /** Writes at most this many bytes at once. */
  shortWrites(bytes: number): void;
  /** As Linux does it: what a failed sync should have brought to the disk is lost, and the next sync says yes. */
  loseWhatFailsToSync(): void;
}

/** The real file system with faults on command. */
export function createFaultyFileSystem(): FaultyFileSystem {
  let faults: { call: FaultyCall; code: string; path: string }[] = [];
  let mostWritten = Number.POSITIVE_INFINITY;
  let losing = false;

  function check(call: FaultyCall, path: string): void {
    const fault = faults.find((one) => one.call === call && path.includes(one.path));
    if (fault) throw Object.assign(new Error(`${fault.code}: ${call} ${path}`), { code: fault.code });
  }

  function wrap(path: string, file: OpenFile): OpenFile {
    let unsynced: { position: number; bytes: number }[] = [];
    return {
      async writev(buffers, position) {
        const whole = Buffer.concat(buffers.map((one) => new Uint8Array(one.buffer, one.byteOffset, one.byteLength)));
        const failing = faults.some((one) => one.call === 'writev' && path.includes(one.path));
        // A failing disk may well have taken a part.
        if (failing) await file.writev([whole.subarray(0, whole.length >> 1)], position);
        check('writev', path);
        const written = await file.writev([whole.subarray(0, mostWritten)], position);
        unsynced.push({ position, bytes: written.bytesWritten });
        return written;
      },
      read: (buffer, offset, length, position) => {
        check('read', path);
        return file.read(buffer, offset, length, position);
      },
      async datasync() {
        const hoped = unsynced;
        unsynced = [];
        try {
          check('datasync', path);
        } catch (error) {
          if (losing) for (const { position, bytes } of hoped) await file.writev([Buffer.alloc(bytes)], position);
          throw error;
        }
        await file.datasync();
      },
      async sync() {
        check('sync', path);
        await file.sync();
      },
      async truncate(length) {
        check('truncate', path);
        await file.truncate(length);
      },
      stat: () => file.stat(),
      close: () => file.close(),
    };
  }

  return {
    fileSystem: {
      ...nodeFileSystem,
      async open(path, flags) {
        check('open', path);
        return wrap(path, await nodeFileSystem.open(path, flags));
      },
      async rename(from, to) {
        check('rename', to);
        await nodeFileSystem.rename(from, to);
      },
    },
    fail(call, code, path = '') {
      faults.push({ call, code, path });
    },
    mend() {
      faults = [];
    },
    shortWrites(bytes) {
      mostWritten = bytes;
    },
    loseWhatFailsToSync() {
      losing = true;
    },
  };
}
