import type { TopicFilter } from './topic-filter.ts';

export interface SubscriptionOptions {
  readonly qos: 0 | 1 | 2;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** The subscription identifier, where there is one. */
  readonly ids: readonly number[];
}

/** `Session`: whoever subscribes; the tree only tells one from another. */
export interface Subscription<Session> extends SubscriptionOptions {
  readonly session: Session;
  readonly filter: TopicFilter;
}

/** The members of one shared subscription. */
export interface SharedGroup<Session> {
  readonly filter: TopicFilter;
  readonly members: Subscription<Session>[];
  /** Whose turn it is. */
  next: number;
}

/** All subscriptions of one session that match a topic: it gets the message once. */
export interface SessionMatch<Session> {
  readonly session: Session;
  readonly subscriptions: readonly Subscription<Session>[];
}

export interface Matches<Session> {
  readonly sessions: readonly SessionMatch<Session>[];
  readonly groups: readonly SharedGroup<Session>[];
}

/** Most nodes have one of the three. */
interface Node<Session> {
  children?: Map<string, Node<Session>>;
  subscriptions?: Map<Session, Subscription<Session>>;
  groups?: Map<string, SharedGroup<Session>>;
}

const MAX_REMEMBERED = 10_000;
const MAX_REMEMBERED_LENGTH = 256;

/** Who has subscribed to what, in one tenant's topics. Answers are remembered until a subscription changes. */
export class SubscriptionTree<Session> {
  readonly #root: Node<Session> = {};
  readonly #remembered = new Map<string, Matches<Session>>();

  /** Takes the place of an older one of the same session and filter. */
  add(subscription: Subscription<Session>): void {
    const { session, filter } = subscription;
    let node = this.#root;
    for (const level of filter.filter.split('/')) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = {};
        node.children.set(level, child);
      }
      node = child;
    }
    if (filter.group === undefined) {
      node.subscriptions ??= new Map();
      node.subscriptions.set(session, subscription);
    } else {
      node.groups ??= new Map();
      const group = node.groups.get(filter.group) ?? { filter, members: [], next: 0 };
      node.groups.set(filter.group, group);
      const at = group.members.findIndex((member) => member.session === session);
      if (at < 0) group.members.push(subscription);
      else group.members[at] = subscription;
    }
    this.#remembered.clear();
  }

  remove(session: Session, filter: TopicFilter): void {
    this.#removeBelow(this.#root, filter.filter.split('/'), 0, session, filter.group);
    this.#remembered.clear();
  }

  /** The shared subscription of that name and filter. */
  group({ filter, group }: TopicFilter): SharedGroup<Session> | undefined {
    let node: Node<Session> | undefined = this.#root;
    for (const level of filter.split('/')) node = node?.children?.get(level);
    return group === undefined ? undefined : node?.groups?.get(group);
  }

  get empty(): boolean {
    return (this.#root.children?.size ?? 0) === 0;
  }

  match(topic: string): Matches<Session> {
    const known = this.#remembered.get(topic);
    if (known !== undefined) return known;
    const found: Subscription<Session>[] = [];
    const groups: SharedGroup<Session>[] = [];
    collect(this.#root, topic.split('/'), 0, found, groups);
    const bySession = new Map<Session, Subscription<Session>[]>();
    for (const subscription of found) {
      const same = bySession.get(subscription.session);
      if (same === undefined) bySession.set(subscription.session, [subscription]);
      else same.push(subscription);
    }
    const sessions = [...bySession].map(([session, subscriptions]) => ({ session, subscriptions }));
    const matches = { sessions, groups };
    if (topic.length > MAX_REMEMBERED_LENGTH) return matches;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(topic, matches);
    return matches;
  }

  /** Empty branches go. */
  #removeBelow(
    node: Node<Session>,
    levels: readonly string[],
    depth: number,
    session: Session,
    name: string | undefined,
  ): void {
    if (depth === levels.length) {
      if (name === undefined) {
        node.subscriptions?.delete(session);
        return;
      }
      const group = node.groups?.get(name);
      const at = group?.members.findIndex((member) => member.session === session) ?? -1;
      if (group === undefined || at < 0) return;
      group.members.splice(at, 1);
      if (group.members.length === 0) node.groups?.delete(name);
      return;
    }
    const level = levels[depth]!;
    const child = node.children?.get(level);
    if (child === undefined) return;
    this.#removeBelow(child, levels, depth + 1, session, name);
    const { children, subscriptions, groups } = child;
    if ((children?.size ?? 0) + (subscriptions?.size ?? 0) + (groups?.size ?? 0) === 0) node.children?.delete(level);
  }
}

function collect<Session>(
  node: Node<Session>,
  levels: readonly string[],
  depth: number,
  found: Subscription<Session>[],
  groups: SharedGroup<Session>[],
) {
  // Wildcards at the beginning do not match topics of `$`.
  const wild = depth > 0 || !levels[0]!.startsWith('$');
  const rest = wild ? node.children?.get('#') : undefined;
  if (rest !== undefined) take(rest, found, groups);
  if (depth === levels.length) {
    take(node, found, groups);
    return;
  }
  const level = levels[depth]!;
  const child = node.children?.get(level);
  if (child !== undefined && level !== '#' && level !== '+') collect(child, levels, depth + 1, found, groups);
  const any = wild ? node.children?.get('+') : undefined;
  if (any !== undefined) collect(any, levels, depth + 1, found, groups);
}

function take<Session>(node: Node<Session>, found: Subscription<Session>[], groups: SharedGroup<Session>[]): void {
  for (const subscription of node.subscriptions?.values() ?? []) found.push(subscription);
  for (const group of node.groups?.values() ?? []) groups.push(group);
}
