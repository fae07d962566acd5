/** What a part of the data is, to compare it with its copy. */
export interface PartSum {
  readonly name: string;
  readonly rows: number;
  readonly hash: string;
}

/** How far a move is. */
export interface MoveProgress {
  /** So many rows more are to be looked at, copied or compared. */
  expect(rows: number): void;
  done(rows: number): void;
  /** What is worked on. */
  now(part: string): void;
}
