import type { CopyProgress } from './write-backup.ts';

/** A bar on a terminal, a line for every tenth elsewhere. `end` leaves the cursor on a new line. */
export function terminalProgress(stream: NodeJS.WriteStream): { show(progress: CopyProgress): void; end(): void } {
  let shownTenth = -1;
  let lastMs = 0;
  return {
    show({ bytesDone, bytesTotal, filesDone, filesTotal }) {
      const share = bytesTotal === 0 ? 0 : bytesDone / bytesTotal;
      const words = `${String(Math.floor(share * 100)).padStart(3)} %  ${megabytes(bytesDone)} / ${megabytes(bytesTotal)} MB  ${filesDone} / ${filesTotal}`;
      if (stream.isTTY) {
        if (performance.now() - lastMs < 100 && filesDone < filesTotal) return;
        lastMs = performance.now();
        stream.write(`\r[${'#'.repeat(Math.floor(share * 30)).padEnd(30)}] ${words}`);
      } else if (Math.floor(share * 10) > shownTenth) {
        shownTenth = Math.floor(share * 10);
        stream.write(`${words}\n`);
      }
    },
    end() {
      if (stream.isTTY) stream.write('\n');
    },
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
