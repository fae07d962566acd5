import type { LocalText } from './text.ts';

/** The message is in English, as whoever writes a device reads it; `said` is for who looks at the platform. */
export class BatchError extends Error {
  readonly code = 'batch.malformed';
  readonly said: LocalText;
  constructor(en: string, zh: string, options?: ErrorOptions) {
    super(en, options);
    this.said = { zh, en };
  }
}
