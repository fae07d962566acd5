import type { IPublishPacket, Packet } from 'mqtt-packet';
import type { TestBroker } from './brokers.ts';
import {
  type Filter,
  overlappingFilters,
  type Publish,
  plainFilters,
  type Script,
  type Step,
  topics,
  type Will,
} from './script.ts';
import { attempt, type ConnectOptions, type TestClient } from './test-client.ts';

/** One message as a client sees it. */
export interface Seen {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly ids: readonly number[];
  readonly properties: string;
}

/** What came of one step. */
export interface Outcome {
  readonly step: Step | 'begin' | 'end';
  readonly answer: string;
  /** Of each client: the connection is there. */
  readonly open: readonly boolean[];
  /** Of each client, in the order in which they came. */
  readonly seen: readonly (readonly Seen[])[];
}

interface Place {
  readonly version: 4 | 5;
  readonly clientId: string;
  readonly filters: readonly string[];
  client: TestClient | undefined;
  /** Messages that were looked at. */
  read: number;
  /** Of the broker, on this connection. */
  aliases: Map<number, string>;
  /** The client's own alias 1. */
  alias: string | undefined;
  sent: number;
  hasWill: boolean;
}

/** Plays a script to one broker, each step when all that came of the one before has come. */
export async function play(broker: TestBroker, script: Script, name: string): Promise<Outcome[]> {
  const control = await attempt(broker, 4, { clientId: `${name}-control` });
  const places: Place[] = script.versions.map((version, at) => ({
    ...{ version, clientId: `${name}-${at}` },
    filters: version === 5 && script.overlapping ? overlappingFilters : plainFilters,
    ...{ client: undefined, read: 0, aliases: new Map(), alias: undefined, sent: 0, hasWill: false },
  }));
  const outcomes: Outcome[] = [];
  const note = async (step: Outcome['step'], answer: string) => {
    await settle(control, places, name);
    const open = places.map(({ client }) => client !== undefined && !client.closed);
    outcomes.push({ step, answer, open, seen: places.map(lookAt) });
  };
  for (const place of places) await connect(broker, place, { clean: true });
  await note('begin', '');
  for (const step of script.steps) {
    const place = places[step.by]!;
    // Mosquitto sends no will when a connection is taken over and the session goes on.
    if (step.does === 'connect' && !step.clean && place.hasWill && place.client?.closed === false) {
      await place.client.break();
      await note(step, 'the end');
    }
    await note(step, await take(broker, place, step, name));
  }
  for (const place of places) {
    await place.client?.break();
    await note('end', '');
    // What is left over in a session is seen before it ends.
    await note('end', await connect(broker, place, optionsOf(place, false, 600)));
  }
  for (const place of places) await connect(broker, place, { clean: true });
  for (const topic of topics) await control.publish(`${name}/${topic}`, '', { qos: 1, retain: true });
  for (const { client } of places) await client?.break();
  await control.break();
  return outcomes;
}

const optionsOf = ({ version }: Place, clean: boolean, sessionExpiryInterval: number): ConnectOptions => ({
  clean,
  ...(version === 5 && { properties: { sessionExpiryInterval } }),
});

async function connect(broker: TestBroker, place: Place, options: ConnectOptions): Promise<string> {
  const { version, clientId } = place;
  place.hasWill = options.will !== undefined;
  try {
    const client = await attempt(broker, version, { ...options, clientId });
    const { returnCode, reasonCode, sessionPresent } = client.connack;
    Object.assign(place, { client, read: 0, aliases: new Map(), alias: undefined });
    return `CONNACK ${version === 5 ? reasonCode : returnCode}${sessionPresent ? ', session present' : ''}`;
  } catch {
    return 'the end';
  }
}

async function take(broker: TestBroker, place: Place, step: Step, name: string): Promise<string> {
  const { client, version } = place;
  if (step.does === 'connect') return connect(broker, place, connectOptions(place, step, name));
  if (client === undefined || client.closed) return 'nobody is there';
  try {
    switch (step.does) {
      case 'subscribe':
        return `SUBACK ${(await subscribe(place, step.filters, step.id, name)).join()}`;
      case 'unsubscribe': {
        const { granted } = await client.unsubscribe(...step.filters.map((at) => filterOf(place, at, name)));
        return `UNSUBACK ${version === 5 ? (granted as number[]).join() : ''}`;
      }
      case 'publish':
        return `${await publish(place, step.messages, step.qos, name)}`;
      case 'disconnect': {
        const expiry = version === 5 && step.expirySeconds !== null ? step.expirySeconds : undefined;
        const properties = expiry === undefined ? undefined : { sessionExpiryInterval: expiry };
        await client.disconnect(properties, version === 5 && step.withWill ? 4 : 0);
        return 'the end';
      }
      case 'break':
        await client.break();
        return 'the end';
      case 'acknowledge':
        client.acknowledging = step.messages;
        return '';
    }
  } catch {
    return 'the end';
  }
}

function connectOptions(place: Place, step: Extract<Step, { does: 'connect' }>, name: string): ConnectOptions {
  const { version } = place;
  const { clean, expirySeconds, will, receiveMaximum, maximumPacketSize, topicAliasMaximum } = step;
  const properties = {
    sessionExpiryInterval: expirySeconds,
    // What is too large to be sent goes on counting in Mosquitto.
    ...(receiveMaximum !== null && maximumPacketSize !== 150 && { receiveMaximum }),
    ...(maximumPacketSize !== null && { maximumPacketSize }),
    ...(topicAliasMaximum !== null && { topicAliasMaximum }),
  };
  return {
    clean,
    ...(version === 5 && { properties }),
    ...(will !== null && { will: willOf(place, will, name) }),
  };
}

function willOf(place: Place, { topic, qos, retain, empty, properties }: Will, name: string): Record<string, unknown> {
  const payload = empty ? '' : `${++place.sent}: will of ${place.clientId}`;
  return {
    topic: `${name}/${topics[topic]}`,
    payload,
    qos,
    retain,
    ...(place.version === 5 && { properties: given(properties) }),
  };
}

function given(properties: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}

function filterOf({ filters }: Place, at: number, name: string): string {
  return `${name}/${filters[at % filters.length]}`;
}

async function subscribe(place: Place, filters: readonly Filter[], id: number | null, name: string) {
  const { version } = place;
  const client = place.client!;
  const subscriptions = filters.map(({ filter, qos, rh }) => {
    const at = filter % place.filters.length;
    // The same options each time: Mosquitto keeps those of the first subscription.
    return { topic: filterOf(place, at, name), qos, rh, nl: at % 5 === 4, rap: at % 2 === 1 };
  });
  const properties = version === 5 && id !== null ? { subscriptionIdentifier: id } : undefined;
  client.send({ cmd: 'subscribe', messageId: 60_000, subscriptions, ...(properties && { properties }) });
  return (await client.next('suback')).granted as number[];
}

async function publish(place: Place, messages: readonly Publish[], qos: 0 | 1 | 2, name: string): Promise<string> {
  const client = place.client!;
  const codes = await Promise.all(
    messages.map(({ topic, retain, size, properties, alias }) => {
      const number = ++place.sent;
      const payload = size === 'empty' ? '' : `${number} of ${place.clientId}`.padEnd(size === 'large' ? 300 : 0, '.');
      const how = given(properties);
      let wanted = `${name}/${topics[topic]}`;
      if (client.version === 5 && alias === 'given') {
        place.alias = wanted;
        how.topicAlias = 1;
      } else if (client.version === 5 && alias === 'used' && place.alias !== undefined) {
        wanted = '';
        how.topicAlias = 1;
      }
      return client.publish(wanted, payload, { qos, retain, ...(client.version === 5 && { properties: how }) });
    }),
  );
  // That nobody has subscribed, a broker may say or not.
  return `acknowledged ${codes.map((code) => (code === 0x10 ? 0 : code)).join()}`;
}

/** What came since the last time. */
function lookAt(place: Place): Seen[] {
  const { client, aliases } = place;
  if (client === undefined) return [];
  const fresh = client.messages.slice(place.read);
  place.read = client.messages.length;
  return fresh.map((packet) => seen(packet, aliases));
}

function seen(packet: IPublishPacket, aliases: Map<number, string>): Seen {
  const { topicAlias, subscriptionIdentifier, messageExpiryInterval, ...rest } = packet.properties ?? {};
  let { topic } = packet;
  if (topicAlias !== undefined) {
    if (topic === '') topic = aliases.get(topicAlias) ?? `alias ${topicAlias} of nothing`;
    else aliases.set(topicAlias, topic);
  }
  const expiry = messageExpiryInterval === undefined ? 'never' : messageExpiryInterval > 100_000 ? 'late' : 'soon';
  return {
    ...{ topic, payload: packet.payload.toString(), qos: packet.qos, retain: packet.retain, dup: packet.dup },
    ids: [subscriptionIdentifier ?? []].flat(),
    properties: JSON.stringify([expiry, ...Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))]),
  };
}

/** Until nothing comes any more. What must be durable before it is sent is, when a later message is acknowledged. */
async function settle(control: TestClient, places: readonly Place[], name: string): Promise<void> {
  let before = -1;
  for (let rounds = 0; rounds < 50; rounds++) {
    await control.publish(`$barrier/${name}`, 'x', { qos: 1, retain: true });
    for (const { client } of places) {
      if (client === undefined || client.closed) continue;
      client.send({ cmd: 'pingreq' } as Packet);
      await client.next('pingresp').catch(() => undefined);
    }
    const now = places.reduce((sum, { client }) => sum + (client === undefined ? 0 : arrived(client)), 0);
    if (now === before && rounds > 1) return;
    before = now;
  }
}

function arrived({ messages, released, closed }: TestClient): number {
  return messages.length + released.length + (closed ? 1 : 0);
}
