import { parseJson } from '../../platform/json.ts';
import type { Dialect, DialectContext, DialectPeer, KeyedValues } from '../dialect.ts';
import { publishOutcome, storeKeyedValues } from '../keyed-values.ts';
import type { PublishOutcome } from '../mqtt/mqtt-door.ts';
import type { RefusedValue } from '../refused-values.ts';
import { createGatewayThings, type EdgeIdentity } from './gateway-things.ts';
import { readGatewayAttributes, readGatewayTelemetry, readTelemetry } from './thingsboard-payload.ts';

const own = 'v1/devices/me/';
const telemetry = `${own}telemetry`;
const attributes = `${own}attributes`;
const attributeRequest = `${attributes}/request/`;
const attributeResponse = `${attributes}/response/`;
const gateway = 'v1/gateway/';
const listened = new Set([attributes, `${attributeResponse}+`, `${own}rpc/request/+`, `${own}rpc/response/+`]);
const gatewayListened = new Set([`${gateway}attributes`, `${gateway}attributes/response`, `${gateway}rpc`]);

/**
 * ThingsBoard's device API: telemetry and client attributes of one device, whose access token is its key here; and its
 * gateway API: the same for several things by name, with the key of the edge that they send through. Keys are property
 * keys; an attribute is a value like any other.
 */
export function createThingsboard(context: DialectContext): Dialect {
  const nowMs = () => Math.floor(context.nowUs() / 1000);
  const find = createGatewayThings({ things: context.things, nowMs });
  /** When an edge was last told of in the log for speaking of a thing that is none. */
  const strangersToldMs = new Map<string, number>();

  async function storeOwn(peer: DialectPeer, payload: Buffer): Promise<PublishOutcome> {
    const { identity } = peer;
    // A gateway says a few things of itself; there is no thing for it here.
    if (identity.kind === 'edge') return { ok: true };
    const given = readTelemetry(parseJson(payload.toString('utf8')));
    return publishOutcome(peer, await storeKeyedValues(context, identity, identity.thing, 'thingsboard', given));
  }

  function noteStrangers(identity: EdgeIdentity, names: readonly string[]): void {
    if (names.length === 0 || nowMs() - (strangersToldMs.get(identity.edge) ?? 0) < 60_000) return;
    strangersToldMs.set(identity.edge, nowMs());
    context.lines('warn', 'values refused: no such thing sends through the edge', {
      edge: identity.edge,
      names: names.slice(0, 5).map((name) => name.slice(0, 80)),
    });
  }

  /** What one device sends is stored whatever becomes of the others; only a fault of the platform keeps all of it back. */
  async function storeForOthers(
    peer: DialectPeer,
    identity: EdgeIdentity,
    devices: ReadonlyMap<string, KeyedValues[]>,
  ): Promise<PublishOutcome> {
    const strangers: string[] = [];
    const refused: RefusedValue[] = [];
    let stored = 0;
    for (const [name, given] of devices) {
      const thing = await find(identity, name);
      if (thing === null) {
        strangers.push(name);
        const samples = given.reduce((sum, { values }) => sum + Object.keys(values).length, 0);
        context.ingest.refused(identity, { reason: 'not-authorized', samples, batches: 0 });
        continue;
      }
      const outcome = await storeKeyedValues(context, identity, thing, 'thingsboard', given);
      if (!outcome.ok && outcome.reason === 'unavailable') return outcome;
      if (outcome.ok) stored += outcome.stored;
      refused.push(
        ...(outcome.ok ? outcome.refused : [{ key: name, reason: { zh: outcome.message, en: outcome.message } }]),
      );
    }
    noteStrangers(identity, strangers);
    refused.push(...strangers.map((key) => ({ key, reason: notThrough })));
    return publishOutcome(peer, { ok: true, stored, refused });
  }

  async function publishGateway(peer: DialectPeer, topic: string, payload: Buffer): Promise<PublishOutcome> {
    const { identity } = peer;
    if (identity.kind !== 'edge') return notAGateway;
    const given = parseJson(payload.toString('utf8'));
    switch (topic.slice(gateway.length)) {
      case 'telemetry':
        return storeForOthers(peer, identity, readGatewayTelemetry(given));
      case 'attributes':
        return storeForOthers(peer, identity, readGatewayAttributes(given));
      case 'connect':
        context.edges.connected(identity.edge, true);
        return { ok: true };
      case 'disconnect':
        return { ok: true };
      default:
        return { ok: false, reason: 'not-authorized', message: `${topic} is not served here` };
    }
  }

  return {
    name: 'thingsboard',
    use: 'take',
    takes: (topic) => topic.startsWith(own) || topic.startsWith(gateway),
    async publish(peer, topic, payload) {
      if (topic === telemetry || topic === attributes) return storeOwn(peer, payload);
      if (topic.startsWith(gateway)) return publishGateway(peer, topic, payload);
      if (topic.startsWith(attributeRequest)) {
        // Attributes that the platform would set are not kept here; ThingsBoard answers so too when there are none.
        await peer.publish(`${attributeResponse}${topic.slice(attributeRequest.length)}`, Buffer.from('{}'), 0);
        return { ok: true };
      }
      return { ok: false, reason: 'not-authorized', message: `${topic} is not served here` };
    },
    maySubscribe: ({ kind }, filter) => listened.has(filter) || (kind === 'edge' && gatewayListened.has(filter)),
  };
}

const notThrough = {
  zh: '没有这个名称的设备经由该网关上报',
  en: 'no thing of this name sends through the edge',
};
const notAGateway: PublishOutcome = {
  ok: false,
  reason: 'not-authorized',
  message: 'v1/gateway is for a gateway with the key of an edge',
};
