import { type FileSystem, type OpenFile, readFully, replaceFile } from './file-system.ts';
import type { Segment } from './segment.ts';

/** Keeps a copy of damaged bytes for whoever wants to look, `quarantine/<segment>.<from byte>-<to byte>`. */
export interface Quarantine {
  keep(file: OpenFile, segment: Segment, fromByte: number, toByte: number): Promise<void>;
}

export function createQuarantine(fileSystem: FileSystem, directory: string): Quarantine {
  return {
    async keep(file, segment, fromByte, toByte) {
      if (toByte <= fromByte) return;
      await fileSystem.mkdir(directory, { recursive: true });
      const name = `${segment.name}.${fromByte}-${toByte}`;
      if ((await fileSystem.readdir(directory)).includes(name)) return;
      await replaceFile(fileSystem, directory, name, await readFully(file, fromByte, toByte - fromByte));
    },
  };
}
