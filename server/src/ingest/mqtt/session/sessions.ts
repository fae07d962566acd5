import type { SessionLimits } from '../mqtt-limits.ts';
import type { Router } from '../routing/router.ts';
import type { TopicSpaces } from '../routing/topic-space.ts';
import type { BrokerRecord, Step, StoredSession } from '../store/broker-record.ts';
import { Deliveries } from './deliveries.ts';
import type { DeliveryLedger } from './delivery.ts';
import type { BacklogTotals } from './message.ts';
import { expiresAt, type Session, type SessionOwner, sessionKey, type Will } from './session.ts';

/** What the sessions need of the store. */
export interface SessionStore {
  /** Resolves when it is durable. */
  append(record: BrokerRecord): Promise<void>;
  /** Written down soon. */
  step(session: number, messageId: number, step: Step): void;
  /** Resolves when it is durable. */
  stepDurably(session: number, messageId: number, step: Step): Promise<void>;
}

export interface SessionsOptions {
  readonly limits: SessionLimits;
  readonly totals: BacklogTotals;
  readonly spaces: TopicSpaces;
  readonly router: Router;
  readonly store: SessionStore | undefined;
  readonly nowMs: () => number;
  /** How far the relay has been handed on; undefined without one. */
  readonly relayed: () => number | undefined;
  /** Publishes it in the client's name. */
  readonly publishWill: (session: Session, will: Will) => void;
  /** Something could not be written down. */
  readonly fault: (error: unknown) => void;
}

/** What a client asks for in CONNECT. */
export interface SessionRequest {
  readonly owner: SessionOwner;
  readonly identity: unknown;
  readonly cleanStart: boolean;
  readonly expirySeconds: number;
  readonly will: Will | undefined;
  /** Ends the connection that the session has now. */
  readonly takeOver: (session: Session) => void;
}

export type OpenedSession = {
  readonly session: Session;
  readonly present: boolean;
  /** Resolves when what CONNACK promises is durable. */
  readonly durable: Promise<void> | undefined;
};

export type Sessions = ReturnType<typeof createSessions>;

/** All sessions: who has one, when it begins, what happens when its client goes, when it ends. */
export function createSessions(options: SessionsOptions) {
  const { limits, totals, spaces, router, store, nowMs, relayed, publishWill, fault } = options;
  const byKey = new Map<string, Session>();
  /** Nobody is connected to these. */
  const away = new Set<Session>();
  const storedOf = new Map<string, number>();
  let lastNumber = 0;
  let nextDueAt = Number.POSITIVE_INFINITY;

  function make(number: number, owner: SessionOwner, identity: unknown, stored: boolean): Session {
    const ledger: DeliveryLedger | undefined = stored && store ? ledgerOf(store, number) : undefined;
    if (stored) countStored(owner, 1);
    // Written out: an object put together by spreading costs several times the memory, and there may be many.
    return {
      number,
      owner,
      identity,
      stored,
      expirySeconds: 0,
      connected: false,
      connectedAt: 0,
      leftAt: 0,
      will: undefined,
      willDueAt: 0,
      relayedUpTo: undefined,
      subscriptions: new Map(),
      deliveries: new Deliveries(limits, totals, ledger, nowMs),
      received: undefined,
    };
  }

  function ledgerOf({ step, stepDurably }: SessionStore, number: number): DeliveryLedger {
    return {
      done: (messageId) => step(number, messageId, 'done'),
      released: (messageId) => stepDurably(number, messageId, 'released'),
    };
  }

  function countStored({ tenant, clientId }: SessionOwner, sign: 1 | -1): void {
    storedOf.set(tenant, (storedOf.get(tenant) ?? 0) + sign * placesOf(clientId));
  }

  /** Writes down what nobody waits for. */
  function note(record: BrokerRecord): void {
    store?.append(record).catch(fault);
  }

  /** Undefined when the tenant has too many sessions. */
  function open(request: SessionRequest): OpenedSession | undefined {
    const { owner, identity, cleanStart, expirySeconds, will } = request;
    const key = sessionKey(owner);
    const older = byKey.get(key);
    if (older?.connected) request.takeOver(older);
    let known = byKey.get(key);
    let discarded: Promise<void> | undefined;
    if (known !== undefined && cleanStart) {
      discarded = end(known);
      known = undefined;
    }
    const stored = known?.stored ?? (store !== undefined && expirySeconds > 0);
    if (known === undefined && expirySeconds > 0 && (storedOf.get(owner.tenant) ?? 0) >= limits.maxStoredSessions)
      return undefined;
    const session = known ?? make(++lastNumber, owner, identity, stored);
    byKey.set(key, session);
    away.delete(session);
    session.identity = identity;
    session.expirySeconds = expirySeconds;
    session.connected = true;
    session.connectedAt = nowMs();
    session.leftAt = 0;
    session.will = will;
    session.willDueAt = 0;
    router.membersChanged(session);
    if (known === undefined) session.relayedUpTo = relayed();
    const written = stored ? store?.append({ kind: 'session', ...storedSession(session) }) : undefined;
    if (known === undefined) return { session, present: false, durable: both(discarded, written) };
    // Everything of it is durable already; that it is connected may be forgotten.
    written?.catch(fault);
    return { session, present: true, durable: undefined };
  }

  /** The client's connection is gone. */
  function leave(session: Session, withWill: boolean): void {
    if (!session.connected) return;
    session.connected = false;
    router.membersChanged(session);
    session.leftAt = nowMs();
    const sent: number[] = [];
    for (const { messageId, state } of session.deliveries.all()) if (state !== 'waiting') sent.push(messageId);
    session.deliveries.detach();
    const { will, expirySeconds, leftAt, stored } = session;
    if (will !== undefined && withWill && will.delaySeconds > 0 && expirySeconds > 0) {
      session.willDueAt = leftAt + Math.min(will.delaySeconds, expirySeconds) * 1000;
    } else {
      session.will = undefined;
      if (will !== undefined && withWill) publishWill(session, will);
    }
    if (expirySeconds === 0) {
      void end(session)?.catch(fault);
      return;
    }
    if (stored) note({ kind: 'left', number: session.number, leftAt, willDueAt: session.willDueAt, sent });
    wait(session);
    router.reassign(session, undefined, true);
  }

  function wait(session: Session): void {
    away.add(session);
    const willDueAt = session.willDueAt === 0 ? Number.POSITIVE_INFINITY : session.willDueAt;
    nextDueAt = Math.min(nextDueAt, expiresAt(session), willDueAt);
  }

  /** Resolves when it is durable. */
  function end(session: Session): Promise<void> | undefined {
    forget(session);
    router.reassign(session, undefined, false);
    session.deliveries.clear();
    session.received = undefined;
    const { will } = session;
    session.will = undefined;
    if (will !== undefined) publishWill(session, will);
    return session.stored ? ended(session) : undefined;
  }

  function forget(session: Session): void {
    const { owner, subscriptions } = session;
    byKey.delete(sessionKey(owner));
    away.delete(session);
    const tree = spaces.of(owner.tenant).subscriptions;
    for (const { filter } of subscriptions.values()) tree.remove(session, filter);
    router.membersChanged(session);
    subscriptions.clear();
  }

  function ended({ owner, number }: Session): Promise<void> | undefined {
    countStored(owner, -1);
    return store?.append({ kind: 'ended', number });
  }

  return {
    open,
    leave,
    /** Ends sessions whose time is over and publishes wills that are due. */
    sweep(): void {
      const now = nowMs();
      if (now < nextDueAt) return;
      nextDueAt = Number.POSITIVE_INFINITY;
      for (const session of [...away]) {
        const { will, willDueAt } = session;
        if (will !== undefined && willDueAt !== 0 && willDueAt <= now) {
          session.will = undefined;
          session.willDueAt = 0;
          publishWill(session, will);
          if (session.stored) note({ kind: 'will-sent', number: session.number });
        }
        if (expiresAt(session) <= now) void end(session)?.catch(fault);
        else wait(session);
      }
    },
    /** The time from now on; 0 with DISCONNECT ends it at once. */
    setExpiry(session: Session, expirySeconds: number): void {
      session.expirySeconds = expirySeconds;
      if (session.stored) note({ kind: 'session', ...storedSession(session) });
    },
    /** Ends all sessions of somebody who may not come again. */
    endAllOf(tenant: string, name: string): void {
      for (const session of byKey.values()) {
        if (session.owner.name !== name || session.owner.tenant !== tenant) continue;
        session.will = undefined;
        if (!session.connected) void end(session)?.catch(fault);
        else session.expirySeconds = 0;
      }
    },
    /** It has gone to another door with all that it has. */
    letGo(session: Session): void {
      session.will = undefined;
      forget(session);
      session.deliveries.clear();
      if (session.stored) ended(session)?.catch(fault);
    },
    nextNumber: () => ++lastNumber,
    find: (owner: SessionOwner) => byKey.get(sessionKey(owner)),
    /** Ends one session as if its time were over. One that is connected ends with its connection. */
    endOne(session: Session): void {
      if (session.connected) session.expirySeconds = 0;
      else void end(session)?.catch(fault);
    },
    /** Takes a session as it comes from the store. */
    restore(number: number, owner: SessionOwner, identity: unknown): Session {
      const session = make(number, owner, identity, true);
      lastNumber = Math.max(lastNumber, number);
      byKey.set(sessionKey(owner), session);
      return session;
    },
    restored(session: Session): void {
      wait(session);
    },
    reserveNumbers(upTo: number): void {
      lastNumber = Math.max(lastNumber, upTo);
    },
    all: () => byKey.values(),
    get count() {
      return byKey.size;
    },
  };
}

/** A client identifier may have 65,535 bytes; a long one takes the place of several. */
function placesOf(clientId: string): number {
  return 1 + (clientId.length >> 8);
}

export function storedSession(session: Session): StoredSession {
  const { number, owner, identity, expirySeconds, connected, leftAt, will, willDueAt, relayedUpTo } = session;
  return { number, owner, identity, expirySeconds, connected, leftAt, will, willDueAt, relayedUpTo };
}

function both(one: Promise<void> | undefined, other: Promise<void> | undefined): Promise<void> | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Promise.all([one, other]).then(() => undefined);
}
