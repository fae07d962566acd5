import { parseJson } from '../../platform/json.ts';
import type { Dialect, DialectContext, DialectPeer } from '../dialect.ts';
import { storeKeyedValues } from '../keyed-values.ts';
import type { PublishOutcome } from '../mqtt/mqtt-door.ts';
import { refusedText } from '../refused-values.ts';
import { readTelemetry } from './thingsboard-payload.ts';

const own = 'v1/devices/me/';
const telemetry = `${own}telemetry`;
const attributes = `${own}attributes`;
const attributeRequest = `${attributes}/request/`;
const attributeResponse = `${attributes}/response/`;
const listened = new Set([attributes, `${attributeResponse}+`, `${own}rpc/request/+`, `${own}rpc/response/+`]);

/**
 * ThingsBoard's device API: telemetry and client attributes of one device, whose access token is its key here. Keys are
 * property keys; an attribute is a value like any other.
 */
export function createThingsboard(context: DialectContext): Dialect {
  async function store(peer: DialectPeer, payload: Buffer): Promise<PublishOutcome> {
    const { identity } = peer;
    if (identity.kind !== 'thing') return notAThing;
    const given = readTelemetry(parseJson(payload.toString('utf8')));
    const outcome = await storeKeyedValues(context, identity, identity.thing, 'thingsboard', given);
    if (!outcome.ok) return outcome;
    return outcome.stored === 0 && outcome.refused.length > 0
      ? { ok: false, reason: 'malformed', message: refusedText(outcome.refused) }
      : { ok: true };
  }

  return {
    name: 'thingsboard',
    use: 'take',
    takes: (topic) => topic.startsWith(own),
    async publish(peer, topic, payload) {
      if (topic === telemetry || topic === attributes) return store(peer, payload);
      if (topic.startsWith(attributeRequest)) {
        // Attributes that the platform would set are not kept here; ThingsBoard answers so too when there are none.
        await peer.publish(`${attributeResponse}${topic.slice(attributeRequest.length)}`, Buffer.from('{}'), 0);
        return { ok: true };
      }
      return { ok: false, reason: 'not-authorized', message: `${topic} is not served here` };
    },
    maySubscribe: (identity, filter) => identity.kind === 'thing' && listened.has(filter),
  };
}

const notAThing: PublishOutcome = {
  ok: false,
  reason: 'not-authorized',
  message: 'v1/devices/me is for a device with its own key',
};
