import type {
  BrokerRecord,
  StoredMembers,
  StoredMessage,
  StoredReceiver,
  StoredSession,
  StoredStep,
  StoredSubscription,
} from './broker-record.ts';

export interface ReplayedMessage {
  readonly message: StoredMessage;
  /** Older ones have smaller numbers. */
  readonly order: number;
}

export interface ReplayedDelivery {
  readonly message: ReplayedMessage;
  receiver: StoredReceiver;
}

export interface ReplayedSession {
  session: StoredSession;
  readonly subscriptions: Map<string, StoredSubscription>;
  /** In the order in which they are to arrive, by packet identifier. */
  readonly deliveries: Map<number, ReplayedDelivery>;
  readonly received: Set<number>;
}

/** What the records come to, one after another. */
export class ReplayedState {
  readonly sessions = new Map<number, ReplayedSession>();
  /** By tenant and topic. */
  readonly retained = new Map<string, Map<string, ReplayedMessage>>();
  lastNumber = 0;
  /** By server, tenant and shared subscription. */
  readonly members = new Map<string, StoredMembers>();
  /** How far the relay was handed on; undefined when it never was. */
  relayed: number | undefined;
  #messages = 0;

  apply(record: BrokerRecord): void {
    switch (record.kind) {
      case 'session':
        this.#session(record);
        break;
      case 'left': {
        const known = this.sessions.get(record.number);
        if (known === undefined) break;
        const { leftAt, willDueAt, sent } = record;
        const will = willDueAt === 0 ? undefined : known.session.will;
        known.session = { ...known.session, connected: false, leftAt, willDueAt, will };
        for (const messageId of sent) this.#change(known, messageId, { again: true });
        break;
      }
      case 'ended':
        this.sessions.delete(record.number);
        break;
      case 'subscribed':
        for (const one of record.subscriptions) this.sessions.get(record.number)?.subscriptions.set(one.filter, one);
        break;
      case 'unsubscribed':
        for (const filter of record.filters) this.sessions.get(record.number)?.subscriptions.delete(filter);
        break;
      case 'will-sent': {
        const known = this.sessions.get(record.number);
        if (known !== undefined) known.session = { ...known.session, will: undefined, willDueAt: 0 };
        break;
      }
      case 'steps':
        for (const step of record.steps) this.#step(step);
        break;
      case 'message':
        this.#message(record);
        if (!record.moved) this.#relayed(record.content.relayed);
        break;
      case 'relayed':
        this.#relayed(record.position);
        break;
      case 'members':
        this.members.set(JSON.stringify([record.server, record.tenant, record.filter]), record);
        break;
    }
  }

  #relayed(position: number | undefined): void {
    if (position !== undefined) this.relayed = Math.max(this.relayed ?? position, position);
  }

  #session(session: StoredSession): void {
    const known = this.sessions.get(session.number);
    if (known !== undefined) known.session = session;
    else {
      const made = { subscriptions: new Map(), deliveries: new Map(), received: new Set<number>() };
      this.sessions.set(session.number, { session, ...made });
    }
    this.lastNumber = Math.max(this.lastNumber, session.number);
  }

  #step({ session, messageId, step }: StoredStep): void {
    const known = this.sessions.get(session);
    if (known === undefined) return;
    switch (step) {
      case 'done':
        known.deliveries.delete(messageId);
        break;
      case 'released':
        this.#change(known, messageId, { released: true, again: true });
        break;
      case 'received':
        known.received.add(messageId);
        break;
      case 'finished':
        known.received.delete(messageId);
        break;
    }
  }

  #change({ deliveries }: ReplayedSession, messageId: number, change: Partial<StoredReceiver>): void {
    const delivery = deliveries.get(messageId);
    if (delivery !== undefined) delivery.receiver = { ...delivery.receiver, ...change };
  }

  #message(message: StoredMessage): void {
    const { tenant, content, keep, from, receivers, insteadOf } = message;
    const replayed = { message, order: ++this.#messages };
    for (const { session, messageId } of insteadOf) this.sessions.get(session)?.deliveries.delete(messageId);
    if (from !== undefined) this.sessions.get(from.session)?.received.add(from.messageId);
    for (const receiver of receivers) {
      const deliveries = this.sessions.get(receiver.session)?.deliveries;
      // One that is there already was done with before its identifier was used again.
      deliveries?.delete(receiver.messageId);
      deliveries?.set(receiver.messageId, { message: replayed, receiver });
    }
    if (!keep) return;
    const topics = this.retained.get(tenant) ?? new Map<string, ReplayedMessage>();
    this.retained.set(tenant, topics);
    if (content.payload.length === 0) topics.delete(content.topic);
    else topics.set(content.topic, replayed);
  }
}
