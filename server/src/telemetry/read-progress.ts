/** How far the log has been read, and who waits for it to be read further. */
export interface ReadProgress {
  /** Everything before it has been read. */
  readonly position: number;
  come(to: number): void;
  /** True as soon as all before `target` has been read; false after `withinMs`. */
  reaches(target: number, withinMs: number): Promise<boolean>;
}

export function createReadProgress(start: number): ReadProgress {
  const waiting = new Set<() => void>();
  let position = start;

  return {
    get position() {
      return position;
    },
    come(to) {
      position = to;
      for (const look of waiting) look();
    },
    reaches(target, withinMs) {
      if (position >= target) return Promise.resolve(true);
      return new Promise((resolve) => {
        const end = (reached: boolean) => {
          clearTimeout(timer);
          waiting.delete(look);
          resolve(reached);
        };
        const look = () => {
          if (position >= target) end(true);
        };
        const timer = setTimeout(() => end(false), withinMs);
        waiting.add(look);
      });
    },
  };
}
