import type { Relay } from '../../log/log.ts';
import type { TimeSpan } from '../part-sql.ts';
import type { FollowedStore, RawSpans, StoreState } from './followed-store.ts';

interface RelayedStoreOptions {
  readonly relay: Relay;
  /** Id of the server that stores, by the records. */
  readonly leader: () => Promise<string | undefined>;
}

const stateSubject = 'store.state';
const rawSubject = 'store.raw';
const drainSubject = 'store.drain';
/** Answered from memory: who takes longer is not to be waited for … */
const waitMs = 1_000;
/** … nor asked again by everyone for so long. */
const silentMs = 2_000;
const drainMs = 12_000;

interface SpanQuestion extends TimeSpan {
  readonly tenant: number;
  readonly series: readonly number[];
}

/** The store of whichever server leads, asked over the relay. */
export function relayedStore({ relay, leader }: RelayedStoreOptions): FollowedStore {
  let known: string | undefined;
  let silentUntilMs = 0;

  /** Nobody waits for a server that has just been silent. */
  async function askUnlessSilent<Answer>(...asked: Parameters<typeof ask>): Promise<Answer | undefined> {
    return performance.now() < silentUntilMs ? undefined : ask<Answer>(...asked);
  }

  async function ask<Answer>(subject: string, question: unknown, patienceMs: number): Promise<Answer | undefined> {
    known ??= await leader();
    const of = known;
    if (of === undefined || of === relay.server) return forget();
    const [found] = await relay.ask(subject, Buffer.from(JSON.stringify(question)), { of, waitMs: patienceMs });
    const [answer] = found?.parts ?? [];
    return answer === undefined ? forget() : (JSON.parse(answer.toString('utf8')) as Answer);
  }

  /** The next question looks anew for who leads. */
  function forget(): undefined {
    known = undefined;
    silentUntilMs = performance.now() + silentMs;
    return undefined;
  }

  return {
    state: () => askUnlessSilent<StoreState>(stateSubject, {}, waitMs),
    rawSpans: (tenant, series, { fromUs, toUs }) =>
      askUnlessSilent<RawSpans>(rawSubject, { tenant, series, fromUs, toUs } satisfies SpanQuestion, waitMs),
    // Without it there is no answer: another server may lead by now.
    drain: () => ask<true>(drainSubject, {}, drainMs),
  };
}

/** Answers such questions, as long as this server leads. */
export function answerFollowers(relay: Relay, leads: () => boolean, store: FollowedStore): void {
  const answer = (subject: string, give: (question: Buffer) => Promise<unknown>) =>
    relay.answer(subject, async (question) => {
      const said = leads() ? await give(question) : undefined;
      return said === undefined ? undefined : [Buffer.from(JSON.stringify(said))];
    });
  answer(stateSubject, () => store.state());
  answer(rawSubject, (question) => {
    const { tenant, series, fromUs, toUs } = JSON.parse(question.toString('utf8')) as SpanQuestion;
    return store.rawSpans(tenant, series, { fromUs, toUs });
  });
  answer(drainSubject, () => store.drain());
}
