/**
 * What a server understands of others, as a number that grows: during an upgrade servers of two versions run side by side, and what
 * an older one would not understand newer ones do only once all of them speak it. A server from before there was this number
 * has none, and counts as 1.
 */
export const spoken = {
  /** Access tokens signed with a key that comes from the seal key. */
  derivedTokens: 2,
} as const;

export const spokenHere = Math.max(...Object.values(spoken));
