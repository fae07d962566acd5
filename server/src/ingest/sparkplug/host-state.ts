import type { DialectPeer } from '../dialect.ts';

/** The name of this host application: what an edge node that waits for its primary host is configured with. */
export const hostId = 'luban';
const topic = `spBv1.0/STATE/${hostId}`;
/** Sparkplug before 3.0. */
const oldTopic = `STATE/${hostId}`;

/**
 * Tells edge nodes whether their primary host is there. Each hears it when it subscribes, which is when it would get a
 * retained message, and when the platform stops.
 */
export function createHostState({ nowMs }: { nowMs: () => number }) {
  const listeners = new Map<string, { peer: DialectPeer; topics: Set<string> }>();
  const onlineSinceMs = nowMs();

  function payload(of: string, online: boolean): Buffer {
    if (of === oldTopic) return Buffer.from(online ? 'ONLINE' : 'OFFLINE');
    return Buffer.from(JSON.stringify({ online, timestamp: online ? onlineSinceMs : nowMs() }));
  }

  return {
    isFilter: (filter: string) => filter === topic || filter === oldTopic,
    subscribed(peer: DialectPeer, filter: string): void {
      if (filter !== topic && filter !== oldTopic) return;
      const known = listeners.get(peer.id) ?? { peer, topics: new Set<string>() };
      known.topics.add(filter);
      listeners.set(peer.id, known);
      void peer.publish(filter, payload(filter, true), 1);
    },
    closed: (peer: DialectPeer) => void listeners.delete(peer.id),
    /** Resolves when everybody has been told, or is gone. */
    async offline(): Promise<void> {
      const told = [...listeners.values()].flatMap(({ peer, topics }) =>
        [...topics].map((of) => peer.publish(of, payload(of, false), 0)),
      );
      listeners.clear();
      await Promise.all(told);
    },
  };
}
