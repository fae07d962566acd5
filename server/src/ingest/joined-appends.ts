import type { Log } from '../log/log.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import type { IngestOutcome, Sender } from './ingest-outcome.ts';

/** What one sender has in a write of the log. */
export interface SenderShare {
  readonly sender: Sender;
  samples: number;
  batches: number;
}

interface JoinedAppendsOptions {
  readonly log: Pick<Log, 'join'>;
  /** Called once it is durable, before anybody is answered. */
  readonly stored: (share: SenderShare) => void;
  /** It could not be made durable. */
  readonly notStored: (share: SenderShare) => void;
  readonly lines: LogLines;
}

interface Write {
  readonly durable: Promise<number>;
  readonly outcome: Promise<IngestOutcome>;
  readonly shares: SenderShare[];
}

/**
 * Batches on their way into the log. All that become durable by one write have one promise and are counted together:
 * a message of three samples costs little more than its bytes while it waits for the disk.
 */
export function createJoinedAppends({ log, stored, notStored, lines }: JoinedAppendsOptions) {
  /** The write that the newest batch is part of. */
  let newest: Write | undefined;

  function begin(durable: Promise<number>): Write {
    const shares: SenderShare[] = [];
    const done = () => {
      if (newest?.durable === durable) newest = undefined;
    };
    const outcome = durable.then(
      (): IngestOutcome => {
        done();
        for (const share of shares) stored(share);
        return { ok: true };
      },
      (error: unknown): IngestOutcome => {
        done();
        const samples = shares.reduce((sum, share) => sum + share.samples, 0);
        lines('error', 'samples not acknowledged', { cause: errorLine(error), samples });
        for (const share of shares) notStored(share);
        return { ok: false, reason: 'unavailable', message: 'the log cannot be written now; send again later' };
      },
    );
    return { durable, outcome, shares };
  }

  return {
    append(sender: Sender, samples: number, encoded: Uint8Array): Promise<IngestOutcome> {
      const durable = log.join(sender.tenantNumber, encoded);
      if (newest?.durable !== durable) newest = begin(durable);
      const { shares, outcome } = newest;
      const share = shares.at(-1);
      if (share?.sender !== sender) shares.push({ sender, samples, batches: 1 });
      else {
        share.samples += samples;
        share.batches++;
      }
      return outcome;
    },
  };
}
