/** What the platform and the process that holds chDB say to each other. */
export interface ChdbCall {
  readonly id: number;
  readonly kind: 'query' | 'run' | 'insert';
  readonly sql: string;
  readonly settings: string;
  readonly format: AnswerFormat;
}

export type AnswerFormat = 'JSONCompactColumns' | 'Native';

export type ChdbAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly id: number; readonly clickhouseCode: number; readonly message: string };

/** Calls of each kind that chDB works on at once; its process has as many connections. */
export const laneWidths = { insert: 1, run: 1, query: 3 } as const;

/** What a call may use of the machine unless it says less. */
export const queryThreads = 2;
