import { setTimeout } from 'node:timers/promises';
import type { Relay } from '../../../log/log.ts';
import { errorLine } from '../../../platform/log-lines.ts';
import type { MqttLog, PublishOutcome, RelayingStats } from '../door-contract.ts';
import type { Router } from '../routing/router.ts';
import { parseFilter, type TopicFilter } from '../routing/topic-filter.ts';
import type { TopicSpaces } from '../routing/topic-space.ts';
import type { MessageContent } from '../session/message.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Subscribing } from '../session/subscribing.ts';
import type { BrokerRecord } from '../store/broker-record.ts';
import type { BrokerStore } from '../store/broker-store.ts';
import { takeInRetained } from '../store/recovery.ts';
import type { ReplayedState } from '../store/replayed-state.ts';
import { snapshotOfRetained } from '../store/snapshot.ts';
import { createClaims } from './claims.ts';
import { createMembersHere } from './members-here.ts';
import { createSessionsElsewhere, fromParts, inParts } from './moving-sessions.ts';
import { createRelaying } from './relaying.ts';
import { createSharedGroups } from './shared-groups.ts';

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
const goneAfterMs = 10_000;
const goodbyeMs = 2000;
const catchUpMs = 60_000;

/** This door as one of several: messages go to the clients of all of them, and a client is at one at a time. */
export function createOtherDoors(options: OtherDoorsOptions) {
  const { relay, router, sessions, subscribing, spaces, store, refusal, takeOver, nowMs, log } = options;
  const fault = (error: unknown) => log('error', 'mqtt.not-kept', { cause: errorLine(error) });
  const { server } = relay;
  let started = false;
  let sharedKnown: Promise<void> | undefined;
  const groups = createSharedGroups();
  const relaying = createRelaying({
    ...{ relay, router, sessions, spaces, groups, refusal, log },
    note: (record) => void store?.append(record).catch(fault),
    takenForGone: countAll,
    missed() {
      log('error', 'mqtt.relay-missed', { message: 'this door was away for longer than messages are kept for it' });
      takeRetained().catch(fault);
    },
  });
  const members = createMembersHere({
    ...{ server, groups, spaces, fault },
    say: (counted) => relaying.say({ kind: 'members', server, ...counted }),
  });
  const silentSince = new Map<string, number>();

  function countAll(): void {
    for (const one of [...groups.all()]) {
      const filter = parseFilter(one.filter);
      if (one.server === server && filter !== undefined) members.changed(one.tenant, filter);
    }
    for (const session of sessions.all()) router.membersChanged(session);
  }

  /** Somebody must say so when a door is gone: whoever notices. */
  function noteSilent(): void {
    const others = new Set(relay.others());
    for (const other of groups.servers()) {
      if (other === server || others.has(other)) silentSince.delete(other);
      else if (!silentSince.has(other)) silentSince.set(other, nowMs());
    }
    for (const [other, sinceMs] of silentSince) {
      if (nowMs() - sinceMs < goneAfterMs) continue;
      silentSince.set(other, nowMs());
      relaying.say({ kind: 'gone', server: other }).catch(fault);
    }
  }

  const elsewhere = createSessionsElsewhere({ sessions, subscribing, router, spaces, store, nowMs });
  const claims = createClaims({ relay, relaying, sessions, elsewhere, takeOver, nowMs, log });
  relay.answer(retainedSubject, async () => [
    Buffer.from(String(relaying.position)),
    ...inParts([...membersAsRecords(), ...snapshotOfRetained(spaces)]),
  ]);

  function* membersAsRecords(): Iterable<BrokerRecord> {
    for (const one of groups.all()) yield { kind: 'members', ...one };
  }

  /** What another door retains, and how far it is in the relay; undefined when there is none. */
  async function takeRetained(): Promise<number | undefined> {
    for (const of of relay.others()) {
      const [answer] = await relay.ask(retainedSubject, Buffer.alloc(0), { of, waitMs: retainedWaitMs });
      const [position, ...parts] = answer?.parts ?? [];
      if (position === undefined) continue;
      const state = fromParts(parts);
      for (const one of state.members.values()) groups.set(one);
      takeInRetained(state, { sessions, subscribing, router, spaces, nowMs: nowMs() });
      const records = [...membersAsRecords(), ...snapshotOfRetained(spaces)];
      await Promise.all(records.map((record) => store?.append(record)));
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
    /** A shared subscription has other members here, or they came or went. */
    sharedChanged(tenant: string, filter: TopicFilter): void {
      // What was found when this door started is told then.
      if (started) sharedKnown = members.changed(tenant, filter);
    },
    /** Resolves when all doors know of the last such change. */
    sharedKnown: () => sharedKnown,
    sendElsewhere(tenant: string, content: MessageContent, share: string): void {
      const publisher = { tenant, name: '', clientId: '' };
      relaying.sendElsewhere({ publisher, content }, share).catch(fault);
    },
    /** What must be known of the other doors after a restart. */
    *snapshot(): Iterable<BrokerRecord> {
      yield* membersAsRecords();
      yield { kind: 'relayed', position: relaying.position };
    },
    /** `state`: what was known when this door was here last. */
    async start(state: Pick<ReplayedState, 'relayed' | 'members'> | undefined): Promise<void> {
      for (const one of state?.members.values() ?? []) groups.set(one);
      const handedOn = state?.relayed;
      relaying.start(handedOn ?? (await takeRetained()) ?? -1);
      // Clients come in when this door knows what they said before it was gone.
      if (!(await relaying.reached(await relay.end(), catchUpMs))) log('warn', 'mqtt.relay-behind', {});
      started = true;
      countAll();
      claims.returned().catch((error: unknown) => log('warn', 'mqtt.not-moved', { cause: errorLine(error) }));
    },
    stats: (): RelayingStats => ({ ...relay.stats(), handedOn: relaying.handedOn, sessionsTaken: claims.taken }),
    sweep(): void {
      relaying.sweep();
      noteSilent();
    },
    /** Everybody has been sent away. */
    async stop(): Promise<void> {
      const said = groups.servers().has(server) ? relaying.say({ kind: 'gone', server }).catch(fault) : undefined;
      // Without NATS the others notice by themselves.
      await Promise.race([said, setTimeout(goodbyeMs, undefined, { ref: false })]);
      relaying.sweep();
      members.stop();
      relaying.stop();
    },
  };
}
