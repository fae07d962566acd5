import { terminalBar } from '../platform/terminal-bar.ts';

/** How far a move is. */
export interface MoveProgress {
  /** So many rows more are to be looked at, copied or compared. */
  expect(rows: number): void;
  done(rows: number): void;
  /** What is worked on. */
  now(part: string): void;
}

/** Shown as a bar on a terminal, in plain lines elsewhere. */
export function shownProgress(stream: NodeJS.WriteStream): MoveProgress & { end(): void } {
  const bar = terminalBar(stream);
  let total = 0;
  let done = 0;
  let part = '';
  const show = () => bar.show(total === 0 ? 0 : Math.min(1, done / total), `${done} / ${total}  ${part}`);
  return {
    expect(rows) {
      total += rows;
    },
    done(rows) {
      done += rows;
      show();
    },
    now(name) {
      part = name;
      show();
    },
    end: bar.end,
  };
}
