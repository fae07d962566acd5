import type { Relay, RelayAnswer } from '../../../log/log.ts';
import { errorLine } from '../../../platform/log-lines.ts';
import type { MqttLog } from '../door-contract.ts';
import { type Session, type SessionOwner, sessionKey } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import { describeSession, type SessionsElsewhere } from './moving-sessions.ts';
import type { Relaying } from './relaying.ts';

interface ClaimsOptions {
  readonly relay: Relay;
  readonly relaying: Relaying;
  readonly sessions: Sessions;
  readonly elsewhere: SessionsElsewhere;
  /** Ends the connection that the session has. */
  readonly takeOver: (session: Session) => void;
  readonly nowMs: () => number;
  readonly log: MqttLog;
}

/** `overtaken`: the same client connects to another door at this moment, later than here. */
export type ClaimOutcome = 'granted' | 'overtaken' | 'unavailable';

interface Claim {
  readonly owner: SessionOwner;
  readonly clean: boolean;
  /** Who claims last wins: milliseconds since 1970. */
  readonly atMs: number;
}

interface ClaimAnswer {
  /** A session that has what the client must get. */
  readonly keeps: boolean;
  readonly later: boolean;
}

const claimSubject = 'mqtt.claim';
const sessionSubject = 'mqtt.session';
const movedSubject = 'mqtt.session-moved';
const returnedSubject = 'mqtt.returned';
const catchUpMs = 5_000;
const moveWaitMs = 10_000;
const ownersAtOnce = 500;

const encode = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const decode = <T>(bytes: Buffer | undefined): T => JSON.parse(bytes?.toString('utf8') ?? 'null') as T;

/**
 * A client is at one door at a time: where it connects last. What other doors keep for it moves there. Of doors that do
 * not answer it moves when they are back.
 */
export function createClaims({ relay, relaying, sessions, elsewhere, takeOver, nowMs, log }: ClaimsOptions) {
  const { server } = relay;
  let taken = 0;
  const open = new Map<string, { readonly atMs: number; overtaken: boolean }>();

  relay.answer(claimSubject, async (question, from) => {
    const { owner, clean, atMs } = decode<Claim>(question);
    const mine = open.get(sessionKey(owner));
    const later = mine !== undefined && (mine.atMs > atMs || (mine.atMs === atMs && server > from));
    if (later) return [encode({ keeps: false, later } satisfies ClaimAnswer)];
    if (mine !== undefined) mine.overtaken = true;
    const session = sessions.find(owner);
    if (session?.connected) takeOver(session);
    // It may have ended with its connection.
    const left = sessions.find(owner);
    if (left !== undefined && clean) sessions.endOne(left);
    return [encode({ keeps: left?.stored === true && !clean, later } satisfies ClaimAnswer)];
  });

  relay.answer(sessionSubject, async (question) => {
    const { owner, atLeast } = decode<{ owner: SessionOwner; atLeast: number }>(question);
    // What the other door has handed on already, it hands on no more to this session.
    if (!(await relaying.reached(atLeast, catchUpMs))) throw new Error('this door is too far behind in the relay');
    const session = sessions.find(owner);
    if (session === undefined || session.connected || !session.stored) return [];
    session.relayedUpTo = relaying.position;
    return describeSession(session);
  });

  relay.answer(movedSubject, async (question) => {
    const { owner, number } = decode<{ owner: SessionOwner; number: number }>(question);
    const session = sessions.find(owner);
    if (session !== undefined && session.number === number && !session.connected) sessions.letGo(session);
    return [encode(true)];
  });

  relay.answer(returnedSubject, async (question, from) => {
    for (const owner of decode<SessionOwner[]>(question)) {
      if (sessions.find(owner) === undefined) continue;
      bring(owner, from).catch((error: unknown) =>
        log('warn', 'mqtt.session-not-moved', { ...owner, from, cause: errorLine(error) }),
      );
    }
    return [encode(true)];
  });

  /** Takes in what another door keeps for a client. */
  async function bring(owner: SessionOwner, from: string): Promise<void> {
    const release = relaying.hold();
    let kept: Promise<void>;
    let number: number;
    try {
      const question = encode({ owner, atLeast: relaying.position });
      const [found] = await relay.ask(sessionSubject, question, { of: from, waitMs: moveWaitMs });
      if (found === undefined) throw new Error(`the server ${from} does not give the session`);
      if (found.parts.length === 0) return;
      ({ number, kept } = elsewhere.takeIn(owner, found.parts));
    } finally {
      release();
    }
    await kept;
    taken++;
    const moved = encode({ owner, number });
    for (let tries = 0; tries < 3; tries++) if ((await relay.ask(movedSubject, moved, { of: from })).length > 0) return;
    log('warn', 'mqtt.session-kept-twice', { ...owner, from });
  }

  function saysLater({ parts }: RelayAnswer): boolean {
    return decode<ClaimAnswer>(parts[0]).later;
  }

  return {
    /** Sessions that came from other doors since the start. */
    get taken() {
      return taken;
    },
    /** Before a client comes in here. */
    async claim(owner: SessionOwner, clean: boolean): Promise<ClaimOutcome> {
      if (relay.others().length === 0) return 'granted';
      const key = sessionKey(owner);
      const mine = { atMs: nowMs(), overtaken: false };
      open.set(key, mine);
      try {
        const answers = await relay.ask(claimSubject, encode({ owner, clean, atMs: mine.atMs } satisfies Claim));
        if (mine.overtaken || answers.some(saysLater)) return 'overtaken';
        for (const { server: from, parts } of answers)
          if (decode<ClaimAnswer>(parts[0]).keeps) await bring(owner, from);
        return mine.overtaken ? 'overtaken' : 'granted';
      } catch (error) {
        log('warn', 'mqtt.session-not-moved', { ...owner, cause: errorLine(error) });
        return 'unavailable';
      } finally {
        if (open.get(key) === mine) open.delete(key);
      }
    },
    /** This door is back: clients that have gone to other doors get there what was kept here. */
    async returned(): Promise<void> {
      const owners = [...sessions.all()].filter(({ stored }) => stored).map(({ owner }) => owner);
      for (let at = 0; at < owners.length; at += ownersAtOnce)
        await relay.ask(returnedSubject, encode(owners.slice(at, at + ownersAtOnce)));
    },
  };
}
