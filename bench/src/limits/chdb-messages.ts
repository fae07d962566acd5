/** What the process with chDB is asked, one thing after another. */
export type ChdbAsk =
  /** Opens a folder; an empty one is made. → ChdbOpened */
  | { readonly ask: 'open'; readonly directory: string }
  /** Copies the walk with the arrival times of its real pace, merges, counts. → WalkSize */
  | { readonly ask: 'walk-size'; readonly series: readonly number[]; readonly beforeUs: number }
  /** Inserts blocks of stored rows again, into an empty table of the same make. → InsertTimes of each repetition */
  | {
      readonly ask: 'insert';
      readonly series: readonly number[];
      readonly blocks: number;
      readonly repetitions: number;
      /** In memory, for the blocks as files. */
      readonly folder: string;
    }
  /** The plainest question for buckets of a series. → ms of each repetition */
  | {
      readonly ask: 'buckets';
      readonly series: number;
      readonly fromUs: number;
      readonly toUs: number;
      readonly count: number;
      readonly repetitions: number;
    }
  | { readonly ask: 'count' };

export interface WalkSize {
  readonly samples: number;
  /** As the platform stored it, merged: with the arrival times of the load. */
  readonly loadedBytes: number;
  /** With arrival times as at one step a second. */
  readonly bytes: number;
}

export interface InsertTimes {
  readonly rowsPerSecond: number;
  /** Of all of chDB's threads, with the merges that it began meanwhile. */
  readonly cpuUsPerRow: number;
}
