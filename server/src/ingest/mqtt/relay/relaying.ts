import { setTimeout } from 'node:timers/promises';
import type { Relay } from '../../../log/log.ts';
import { errorLine } from '../../../platform/log-lines.ts';
import type { MqttLog, PublishOutcome } from '../door-contract.ts';
import type { Router } from '../routing/router.ts';
import { parseFilter } from '../routing/topic-filter.ts';
import type { TopicSpaces } from '../routing/topic-space.ts';
import type { MessageContent } from '../session/message.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { BrokerRecord } from '../store/broker-record.ts';
import { decodeRelayRecord, encodeRelayRecord, type RelayedMessage, type RelayRecordBody } from './relay-record.ts';
import type { SharedGroups } from './shared-groups.ts';

interface RelayingOptions {
  readonly relay: Relay;
  readonly router: Router;
  readonly sessions: Sessions;
  readonly spaces: TopicSpaces;
  readonly groups: SharedGroups;
  /** Writes down what must be known after a restart. */
  readonly note: (record: BrokerRecord) => void;
  /** Other doors take this one for gone. */
  readonly takenForGone: () => void;
  /** This door was away for longer than the relay keeps what was said. */
  readonly missed: () => void;
  readonly refusal: (error: unknown) => PublishOutcome;
  readonly log: MqttLog;
}

type RelayRecords = Parameters<Parameters<Relay['follow']>[0]['take']>[0];

const againMs = 1000;
const retainedWaitMs = 2000;
const sayWaitMs = 10_000;
const noteWaitMs = 30_000;

export type Relaying = ReturnType<typeof createRelaying>;

/**
 * Messages of clients, over all doors: whatever is published at any door goes into the relay, is acknowledged when it is
 * durable there, and is handed on at every door, this one too, in the one order of the relay.
 */
export function createRelaying(options: RelayingOptions) {
  const { relay, router, sessions, spaces, groups, note, takenForGone, missed, refusal, log } = options;
  /** The last message that was handed on here. */
  let position = -1;
  let noted = position;
  let held = 0;
  let unkept = 0;
  let count = 0;
  let stopping = false;
  let go: (() => void)[] = [];
  /** Who waits for a position, the lowest first. */
  const waiting: { readonly wanted: number; readonly finish: (reached: boolean) => void }[] = [];

  async function take(records: RelayRecords): Promise<void> {
    const handedOn: Promise<void>[] = [];
    for (const record of records) {
      if (stopping) return;
      while (held > 0 && !stopping) await new Promise<void>((resolve) => go.push(resolve));
      position = record.position;
      count++;
      try {
        const done = handOn(decodeRelayRecord(record.payload, position));
        if (done !== undefined) handedOn.push(done);
      } catch (error) {
        log('error', 'mqtt.not-relayed', { position, cause: errorLine(error) });
      }
      while (waiting.length > 0 && waiting[0]!.wanted <= position) waiting[0]!.finish(true);
    }
    await Promise.all(handedOn);
  }

  /** In one turn; resolves when it is kept, where it must be. */
  function handOn(body: RelayRecordBody): Promise<void> | undefined {
    switch (body.kind) {
      case 'message':
        return handOnMessage(body);
      case 'members':
        groups.set(body);
        note(body);
        return undefined;
      case 'gone':
        groups.gone(body.server);
        for (const members of groups.all()) if (members.server === body.server) note({ kind: 'members', ...members });
        if (body.server === relay.server) takenForGone();
        return undefined;
    }
  }

  function handOnMessage(body: RelayedMessage): Promise<void> | undefined {
    const { publisher, content, messageId, only } = body;
    const { tenant } = publisher;
    const { topic, qos } = content;
    const shares = groups.turnsAt(relay.server, { tenant, topic, qos, position }, only);
    const elsewhere = shares.filter((share) => !isHere(tenant, share));
    const to = { shares, sharesOnly: only !== undefined };
    const from = sessions.find(publisher);
    // It is known here for good that it came: whatever becomes of this door, its repetition is none.
    const first = messageId > 0 && from?.stored === true && position > (from.relayedUpTo ?? -1);
    if (first) {
      from.received ??= new Map();
      if (!from.received.has(messageId)) from.received.set(messageId, undefined);
    }
    const route = () => router.route(tenant, content, from, first ? messageId : 0, to);
    const outcome = route();
    const kept = 'then' in outcome ? untilKept(outcome, route) : undefined;
    if (elsewhere.length === 0) return kept;
    return Promise.all([kept, ...elsewhere.map((share) => sendElsewhere(body, share))]).then(() => undefined);
  }

  function isHere(tenant: string, share: string): boolean {
    const filter = parseFilter(share);
    return filter !== undefined && (spaces.of(tenant).subscriptions.group(filter)?.members.length ?? 0) > 0;
  }

  /** Who was to get it here has just gone. */
  async function sendElsewhere(
    { publisher, content }: Pick<RelayedMessage, 'publisher' | 'content'>,
    share: string,
  ): Promise<void> {
    const { server } = relay;
    const body = {
      kind: 'message',
      publisher,
      content: { ...content, retain: false },
      messageId: 0,
      only: { share, notAt: server },
    };
    while (!stopping && groups.isElsewhere(server, publisher.tenant, share)) {
      try {
        await relay.append(encodeRelayRecord(body as RelayedMessage));
        return;
      } catch (error) {
        refusal(error);
        await setTimeout(againMs, undefined, { ref: false });
      }
    }
  }

  /** It was acknowledged to who published it: what cannot be kept for a receiver now is tried until it can. */
  async function untilKept(
    first: Promise<PublishOutcome>,
    again: () => PublishOutcome | Promise<PublishOutcome>,
  ): Promise<void> {
    unkept++;
    for (let outcome = await first; !outcome.ok && !stopping; outcome = await again())
      await setTimeout(againMs, undefined, { ref: false });
    unkept--;
  }

  /** True when everything up to here has been handed on; false when it takes longer than that. */
  function reached(wanted: number, waitMs: number): Promise<boolean> {
    if (position >= wanted) return Promise.resolve(true);
    return new Promise((resolve) => {
      const one = {
        wanted,
        finish(reached: boolean) {
          clearTimeout(timer);
          waiting.splice(waiting.indexOf(one), 1);
          resolve(reached);
        },
      };
      const timer = globalThis.setTimeout(() => one.finish(false), waitMs);
      // Mostly the highest so far.
      let at = waiting.length;
      while (at > 0 && waiting[at - 1]!.wanted > wanted) at--;
      waiting.splice(at, 0, one);
    });
  }

  return {
    get position() {
      return position;
    },
    start(after: number): void {
      position = after;
      noted = after;
      relay.follow({ after, take, missed });
    },
    /** Resolves when it is durable for all doors. */
    async publish(session: Session, content: MessageContent, messageId: number): Promise<PublishOutcome> {
      const full = router.refusedRetained(session.owner.tenant, content);
      if (full !== undefined) return full;
      try {
        const noted = session.stored ? messageId : 0;
        const body = { kind: 'message', publisher: session.owner, content, messageId: noted, only: undefined } as const;
        const at = await relay.append(encodeRelayRecord(body));
        // Who retains a message and then asks for it must find it.
        if (content.retain) await reached(at, retainedWaitMs);
        if (noted > 0 && !(await reached(at, noteWaitMs))) throw new Error('this door is too far behind in the relay');
        return { ok: true };
      } catch (error) {
        return refusal(error);
      }
    },
    /** Nothing is handed on until the answer is called. */
    hold(): () => void {
      held++;
      return () => {
        held--;
        if (held > 0) return;
        const resolved = go;
        go = [];
        for (const one of resolved) one();
      };
    },
    /** Records handed on since the start. */
    get handedOn() {
      return count;
    },
    reached,
    sendElsewhere,
    /** Resolves when it is so at this door; what comes later in the relay finds it so at all doors. */
    async say(body: RelayRecordBody): Promise<void> {
      await reached(await relay.append(encodeRelayRecord(body)), sayWaitMs);
    },
    /** From time to time: what has no receiver that must be kept leaves no trace of the position else. */
    sweep(): void {
      if (position === noted || unkept > 0) return;
      noted = position;
      note({ kind: 'relayed', position });
    },
    stop(): void {
      stopping = true;
      for (const one of go) one();
    },
  };
}
