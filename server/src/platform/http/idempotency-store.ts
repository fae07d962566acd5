import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { errorLine, type LogLines } from '../log-lines.ts';
import type { Sealer } from '../sealing.ts';
import type { IdempotencyTables } from './idempotency-migrations.ts';

export const keptMs = 24 * 3_600_000;
const sweepMs = 3_600_000;

const answerSchema = z.object({ status: z.int(), type: z.string(), body: z.string() });
export type KeptAnswer = z.infer<typeof answerSchema>;

/** Of one actor and one key. */
export interface Claim {
  readonly actor: string;
  readonly keyHash: string;
}
type Claimed =
  | { state: 'mine'; claim: Claim }
  | { state: 'answered'; answer: KeptAnswer }
  | { state: 'other-request' | 'in-progress' | 'interrupted' };

export type IdempotencyStore = ReturnType<typeof createIdempotencyStore>;

interface IdempotencyStoreOptions {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly nowMs: () => number;
  readonly lines: LogLines;
}

/** Which keys were used in the last day, and what was answered. The only SQL about them. */
export function createIdempotencyStore({ database, sealer, nowMs, lines }: IdempotencyStoreOptions) {
  const db = database.withTables<IdempotencyTables>();
  const run = randomUUID();
  let timer: NodeJS.Timeout | undefined;

  async function sweep(): Promise<void> {
    await db
      .deleteFrom('idempotency_keys')
      .where('created_ms', '<', nowMs() - keptMs)
      .execute();
  }
  function sweepOrSay(): void {
    sweep().catch((error: unknown) => lines('error', 'old idempotency keys not removed', { cause: errorLine(error) }));
  }
  const of = ({ actor, keyHash }: Claim) =>
    db.updateTable('idempotency_keys').where('actor', '=', actor).where('key_hash', '=', keyHash);

  return {
    /** Takes the key for this request, or says what became of the request that took it before. */
    async claim(actor: string, key: string, fingerprint: string): Promise<Claimed> {
      const keyHash = createHash('sha256').update(key).digest('base64url');
      const claim = { actor, keyHash };
      // One that was given back between two statements is free now.
      for (let attempt = 0; attempt < 3; attempt++) {
        await db
          .deleteFrom('idempotency_keys')
          .where('actor', '=', actor)
          .where('key_hash', '=', keyHash)
          .where('created_ms', '<', nowMs() - keptMs)
          .execute();
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('idempotency_keys')
          .values({
            actor,
            key_hash: keyHash,
            fingerprint: sealer.seal(fingerprint),
            run,
            answer: null,
            created_ms: nowMs(),
          })
          .onConflict((conflict) => conflict.columns(['actor', 'key_hash']).doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 1n) return { state: 'mine', claim };
        const row = await db
          .selectFrom('idempotency_keys')
          .selectAll()
          .where('actor', '=', actor)
          .where('key_hash', '=', keyHash)
          .executeTakeFirst();
        if (row === undefined) continue;
        if (sealer.unseal(row.fingerprint) !== fingerprint) return { state: 'other-request' };
        if (row.answer !== null)
          return { state: 'answered', answer: answerSchema.parse(JSON.parse(sealer.unseal(row.answer))) };
        return { state: row.run === run ? 'in-progress' : 'interrupted' };
      }
      return { state: 'in-progress' };
    },
    async answered(claim: Claim, answer: KeptAnswer): Promise<void> {
      await of(claim)
        .set({ answer: sealer.seal(JSON.stringify(answer)) })
        .execute();
    },
    /** Nothing came of the request: the key may be used again. */
    async giveBack({ actor, keyHash }: Claim): Promise<void> {
      await db.deleteFrom('idempotency_keys').where('actor', '=', actor).where('key_hash', '=', keyHash).execute();
    },
    sweep,
    /** Old keys go, now and every hour. */
    start(): void {
      sweepOrSay();
      timer = setInterval(sweepOrSay, sweepMs);
      timer.unref();
    },
    stop(): void {
      clearInterval(timer);
    },
  };
}
