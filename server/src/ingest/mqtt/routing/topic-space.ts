import type { Session } from '../session/session.ts';
import { RetainedMessages } from './retained-messages.ts';
import { SubscriptionTree } from './subscription-tree.ts';

/** The topics of one tenant. */
export class TopicSpace {
  readonly subscriptions = new SubscriptionTree<Session>();
  readonly retained = new RetainedMessages();
  retainedBytes = 0;
}

/** A space for each tenant: no message finds its way from one to another. */
export class TopicSpaces {
  readonly #spaces = new Map<string, TopicSpace>();

  of(tenant: string): TopicSpace {
    const known = this.#spaces.get(tenant);
    if (known !== undefined) return known;
    const made = new TopicSpace();
    this.#spaces.set(tenant, made);
    return made;
  }

  all(): Iterable<[string, TopicSpace]> {
    return this.#spaces;
  }
}
