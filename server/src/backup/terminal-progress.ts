import { terminalBar } from '../platform/terminal-bar.ts';
import type { CopyProgress } from './write-backup.ts';

/** How a copy goes, on a terminal or in plain lines. `end` leaves the cursor on a new line. */
export function terminalProgress(stream: NodeJS.WriteStream): { show(progress: CopyProgress): void; end(): void } {
  const bar = terminalBar(stream);
  return {
    show({ bytesDone, bytesTotal, filesDone, filesTotal }) {
      const share = bytesTotal === 0 ? 0 : bytesDone / bytesTotal;
      bar.show(share, `${megabytes(bytesDone)} / ${megabytes(bytesTotal)} MB  ${filesDone} / ${filesTotal}`);
    },
    end: bar.end,
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
