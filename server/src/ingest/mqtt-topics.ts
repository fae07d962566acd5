import { filterContains, platformTopics, topics } from '@luban/contracts';
import type { TopicUse } from './mqtt/mqtt-door.ts';
import type { MqttIdentity } from './mqtt-identity.ts';

const edgeTopics: ReadonlySet<string> = new Set([topics.batch, topics.report, topics.gaps, topics.events]);
const thingTopics: ReadonlySet<string> = new Set([topics.batch, topics.samples]);
/** First levels of `$` that say something to the platform or a device. */
const reserved: ReadonlySet<string> = new Set(['$SYS', '$share', '$oc']);

/**
 * The reserved topics `luban/v1/…` go to ingest; besides them an edge or a thing has topics of its own, and an access
 * key those that it names.
 */
export function useOf(identity: MqttIdentity, topic: string): TopicUse {
  if (identity.kind === 'access') return mayTell(identity.publish, topic) ? 'route' : 'refuse';
  if ((identity.kind === 'edge' ? edgeTopics : thingTopics).has(topic)) return 'take';
  return topic.startsWith(ownTopics(identity)) ? 'route' : 'refuse';
}

/**
 * Topics of `$` that are nobody's are taken from whoever may publish everything, as other brokers do; MQTT 3.1.1 has no
 * softer refusal than the end of the connection. No key hears them.
 */
function mayTell(filters: readonly string[], topic: string): boolean {
  if (topic.startsWith('$')) return filters.includes('#') && !reserved.has(topic.split('/', 1)[0]!);
  return !isPlatforms(topic) && filters.some((filter) => filterContains(filter, topic));
}

/** May it listen? A filter is good when every topic that it names is. */
export function mayListen(identity: MqttIdentity, filter: string): boolean {
  if (identity.kind === 'access')
    return !isPlatforms(filter) && identity.subscribe.some((held) => filterContains(held, filter));
  return (identity.kind === 'edge' && filter === topics.configuration) || filter.startsWith(ownTopics(identity));
}

/** Below this an edge or a thing publishes to the tenant's clients and listens to them. */
function ownTopics(identity: MqttIdentity & { kind: 'edge' | 'thing' }): string {
  return identity.kind === 'edge' ? `edges/${identity.edge}/` : `things/${identity.thing}/`;
}

/** What is said to ingest is not routed, so a `#` in front hears nothing of it. */
function isPlatforms(topic: string): boolean {
  return topic === platformTopics || topic.startsWith(`${platformTopics}/`) || topic.startsWith('$');
}
