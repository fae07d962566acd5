import type { LocalText } from '@luban/contracts';

/** Ends a start that cannot succeed however often it is tried: a launcher does not try again. sysexits' EX_CONFIG. */
export const startRefusedExit = 78;

/** The platform does not start, for a reason that its operator must mend. */
export class StartRefusal extends Error {
  constructor({ zh, en }: LocalText, options?: ErrorOptions) {
    super(`${zh}\n${en}`, options);
  }
}
