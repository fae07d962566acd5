import { setTimeout } from 'node:timers/promises';
import type { Relay } from '../../../log/log.ts';
import { errorLine } from '../../../platform/log-lines.ts';
import type { MqttLog, PublishOutcome } from '../door-contract.ts';
import type { Router } from '../routing/router.ts';
import type { MessageContent } from '../session/message.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import { decodeRelayed, encodeRelayed } from './relayed-message.ts';

interface RelayingOptions {
  readonly relay: Relay;
  readonly router: Router;
  readonly sessions: Sessions;
  /** Writes down how far it is. */
  readonly note: (position: number) => void;
  /** This door was away for longer than the relay keeps what was said. */
  readonly missed: () => void;
  readonly refusal: (error: unknown) => PublishOutcome;
  readonly log: MqttLog;
}

type RelayRecords = Parameters<Parameters<Relay['follow']>[0]['take']>[0];

const againMs = 1000;

export type Relaying = ReturnType<typeof createRelaying>;

/**
 * Messages of clients, over all doors: whatever is published at any door goes into the relay, is acknowledged when it is
 * durable there, and is handed on at every door, this one too, in the one order of the relay.
 */
export function createRelaying({ relay, router, sessions, note, missed, refusal, log }: RelayingOptions) {
  /** The last message that was handed on here. */
  let position = -1;
  let noted = position;
  let held = 0;
  let unkept = 0;
  let stopping = false;
  let go: (() => void)[] = [];
  const waiting = new Set<() => void>();

  async function take(records: RelayRecords): Promise<void> {
    const handedOn: Promise<void>[] = [];
    for (const record of records) {
      if (stopping) return;
      while (held > 0 && !stopping) await new Promise<void>((resolve) => go.push(resolve));
      position = record.position;
      try {
        const { publisher, content } = decodeRelayed(record.payload, position);
        const handOn = () => router.route(publisher.tenant, content, sessions.find(publisher), 0);
        const outcome = handOn();
        if ('then' in outcome) handedOn.push(untilKept(outcome, handOn));
      } catch (error) {
        log('error', 'mqtt.not-relayed', { position, cause: errorLine(error) });
      }
      for (const look of waiting) look();
    }
    await Promise.all(handedOn);
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
    async publish(session: Session, content: MessageContent): Promise<PublishOutcome> {
      const full = router.refusedRetained(session.owner.tenant, content);
      if (full !== undefined) return full;
      try {
        await relay.append(encodeRelayed({ publisher: session.owner, content }));
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
    /** True when everything up to here has been handed on; false when it takes longer than that. */
    reached(wanted: number, waitMs: number): Promise<boolean> {
      return new Promise((resolve) => {
        const finish = (reached: boolean) => {
          clearTimeout(timer);
          waiting.delete(look);
          resolve(reached);
        };
        const look = () => {
          if (position >= wanted) finish(true);
        };
        const timer = globalThis.setTimeout(() => finish(false), waitMs);
        waiting.add(look);
        look();
      });
    },
    /** From time to time: what has no receiver that must be kept leaves no trace of the position else. */
    sweep(): void {
      if (position === noted || unkept > 0) return;
      noted = position;
      note(position);
    },
    stop(): void {
      stopping = true;
      for (const one of go) one();
    },
  };
}
