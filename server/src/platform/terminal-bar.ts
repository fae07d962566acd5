/** A bar on a terminal, a line for every tenth elsewhere. `end` leaves the cursor on a new line. */
export function terminalBar(stream: NodeJS.WriteStream): { show(share: number, words: string): void; end(): void } {
  let shownTenth = -1;
  let lastMs = 0;
  let width = 0;
  return {
    /** `share`: of all, 0 to 1. */
    show(share, words) {
      const line = `${String(Math.floor(share * 100)).padStart(3)} %  ${words}`;
      if (stream.isTTY) {
        if (performance.now() - lastMs < 100 && share < 1) return;
        lastMs = performance.now();
        stream.write(`\r[${'#'.repeat(Math.floor(share * 30)).padEnd(30)}] ${line.padEnd(width)}`);
        width = line.length;
      } else if (Math.floor(share * 10) > shownTenth) {
        shownTenth = Math.floor(share * 10);
        stream.write(`${line}\n`);
      }
    },
    end() {
      if (stream.isTTY) stream.write('\n');
    },
  };
}
