import type { MoveProgress } from '../platform/moved-parts.ts';
import { terminalBar } from '../platform/terminal-bar.ts';

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
