import type { Relay } from '../../../log/log.ts';
import { errorLine } from '../../../platform/log-lines.ts';
import type { MqttLog, PublishOutcome } from '../door-contract.ts';
import type { Router } from '../routing/router.ts';
import type { TopicSpaces } from '../routing/topic-space.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Subscribing } from '../session/subscribing.ts';
import type { BrokerStore } from '../store/broker-store.ts';
import { takeInRetained } from '../store/recovery.ts';
import { snapshotOfRetained } from '../store/snapshot.ts';
import { createClaims } from './claims.ts';
import { createSessionsElsewhere, fromParts, inParts } from './moving-sessions.ts';
import { createRelaying } from './relaying.ts';

interface OtherDoorsOptions {
  readonly relay: Relay;
  readonly router: Router;
  readonly sessions: Sessions;
  readonly subscribing: Subscribing;
  readonly spaces: TopicSpaces;
  readonly store: BrokerStore | undefined;
  readonly refusal: (error: unknown) => PublishOutcome;
  readonly takeOver: (session: Session) => void;
  readonly nowMs: () => number;
  readonly log: MqttLog;
}

export type OtherDoors = ReturnType<typeof createOtherDoors>;

const retainedSubject = 'mqtt.retained';
const retainedWaitMs = 10_000;

/** This door as one of several: messages go to the clients of all of them, and a client is at one at a time. */
export function createOtherDoors(options: OtherDoorsOptions) {
  const { relay, router, sessions, subscribing, spaces, store, refusal, takeOver, nowMs, log } = options;
  const fault = (error: unknown) => log('error', 'mqtt.not-kept', { cause: errorLine(error) });
  const relaying = createRelaying({
    ...{ relay, router, sessions, refusal, log },
    note: (position) => void store?.append({ kind: 'relayed', position }).catch(fault),
    missed() {
      log('error', 'mqtt.relay-missed', { message: 'this door was away for longer than messages are kept for it' });
      takeRetained().catch(fault);
    },
  });
  const elsewhere = createSessionsElsewhere({ sessions, subscribing, router, spaces, store, nowMs });
  const claims = createClaims({ relay, relaying, sessions, elsewhere, takeOver, nowMs, log });
  relay.answer(retainedSubject, async () => [
    Buffer.from(String(relaying.position)),
    ...inParts(snapshotOfRetained(spaces)),
  ]);

  /** What another door retains, and how far it is in the relay; undefined when there is none. */
  async function takeRetained(): Promise<number | undefined> {
    for (const of of relay.others()) {
      const [answer] = await relay.ask(retainedSubject, Buffer.alloc(0), { of, waitMs: retainedWaitMs });
      const [position, ...parts] = answer?.parts ?? [];
      if (position === undefined) continue;
      takeInRetained(fromParts(parts), { sessions, subscribing, router, spaces, nowMs: nowMs() });
      await Promise.all([...snapshotOfRetained(spaces)].map((record) => store?.append(record)));
      return Number(position);
    }
    return undefined;
  }

  return {
    publish: relaying.publish,
    claim: claims.claim,
    /** How far the relay has been handed on here. */
    get position() {
      return relaying.position;
    },
    /** `handedOn`: how far it was when this door was here last; undefined for a door that was never here. */
    async start(handedOn: number | undefined): Promise<void> {
      relaying.start(handedOn ?? (await takeRetained()) ?? -1);
      claims.returned().catch((error: unknown) => log('warn', 'mqtt.not-moved', { cause: errorLine(error) }));
    },
    sweep: relaying.sweep,
    stop: relaying.stop,
  };
}
