/** What the platform and the process that holds chDB say to each other. */
export type ChdbCall =
  | { readonly id: number; readonly kind: 'query' | 'run'; readonly sql: string; readonly settings: string }
  | { readonly id: number; readonly kind: 'insert'; readonly sql: string; readonly settings: string };

export type ChdbAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly id: number; readonly clickhouseCode: number; readonly message: string };

/** Calls of each kind that chDB works on at once; its process has as many connections. */
export const laneWidths = { insert: 1, run: 1, query: 3 } as const;
