import { z } from 'zod';
import { parseJson } from '../../platform/json.ts';
import type { Dialect, DialectContext, DialectPeer, KeyedValues } from '../dialect.ts';
import { type KeyedOutcome, storeKeyedValues } from '../keyed-values.ts';
import type { MachineIdentity } from '../mqtt-identity.ts';
import { refuseUnread } from '../unread-message.ts';
import { type LinkKitMessage, readBatchPost, readEnvelope, readHistoryPost, readPost } from './link-kit-payload.ts';

/** What stands behind `/sys/{product key}/{device name}/`, and how its params are read. */
const posts = new Map<string, (params: unknown) => KeyedValues[]>([
  ['thing/event/property/post', readPost],
  ['thing/event/property/batch/post', readBatchPost],
  ['thing/event/property/history/post', readHistoryPost],
]);
const address = /^\/(sys|ext\/ntp)\/([^/+#]+)\/([^/+#]+)\/(.+)$/;
const listened = /^thing\/(event\/property\/(batch\/|history\/)?post_reply|service\/property\/set)$/;

/** The codes that Link Kit devices know. */
const success = 200;
const wrongRequest = 400;
const wrongParams = 460;

/**
 * Alibaba Cloud's Link Kit with 物模型 in JSON (Alink): property posts, single, batched and of the past, with the
 * reply that devices wait for; and the clock (`/ext/ntp`). Identifiers of the 物模型 are property keys.
 */
export function createLinkKit(context: DialectContext): Dialect {
  async function post(peer: DialectPeer, topic: string, method: string, payload: Buffer): Promise<boolean> {
    const { identity } = peer;
    if (identity.kind !== 'thing') return false;
    const answer = async (message: LinkKitMessage | null, code: number, text: string, data: Record<string, string>) => {
      if (message?.acknowledge === false) return;
      const reply = {
        code,
        data,
        id: message?.id ?? '',
        message: text,
        method: method.replaceAll('/', '.'),
        version: '1.0',
      };
      await peer.publish(`${topic}_reply`, Buffer.from(JSON.stringify(reply)), 0);
    };
    let message: LinkKitMessage | null = null;
    let given: KeyedValues[];
    try {
      message = readEnvelope(parseJson(payload.toString('utf8')));
      given = posts.get(method)!(message.params);
    } catch (error) {
      if (!(error instanceof z.ZodError) && !(error instanceof SyntaxError)) throw error;
      const why = error instanceof z.ZodError ? z.prettifyError(error) : error.message;
      refuseUnread(context, identity, error, why.slice(0, 300));
      await answer(message, message === null ? wrongRequest : wrongParams, why.slice(0, 300), {});
      return true;
    }
    const outcome = await storeKeyedValues(context, identity, identity.thing, 'link-kit', given);
    if (!outcome.ok && outcome.reason === 'unavailable') return false;
    const [code, text, data] = replyOf(outcome);
    await answer(message, code, text, data);
    return true;
  }

  return {
    name: 'link-kit',
    use: 'take',
    takes: (topic) => topic.startsWith('/sys/') || topic.startsWith('/ext/ntp/'),
    async publish(peer, topic, payload) {
      const [, root, product, device, rest] = address.exec(topic) ?? [];
      if (rest === undefined || !isOwn(peer.identity, product!, device!))
        return { ok: false, reason: 'not-authorized', message: `${topic} is not a topic of this device` };
      if (root === 'ext/ntp' && rest === 'request') {
        const { deviceSendTime } = z.object({ deviceSendTime: z.unknown() }).parse(parseJson(payload.toString('utf8')));
        const nowMs = String(Math.floor(context.nowUs() / 1000));
        const clock = { deviceSendTime, serverRecvTime: nowMs, serverSendTime: nowMs };
        await peer.publish(`/ext/ntp/${product}/${device}/response`, Buffer.from(JSON.stringify(clock)), 0);
        return { ok: true };
      }
      if (root !== 'sys' || !posts.has(rest))
        return { ok: false, reason: 'not-authorized', message: `${rest} is not served here` };
      // The reply says what was wrong with a message; only what must be sent again stays unacknowledged.
      return (await post(peer, topic, rest, payload))
        ? { ok: true }
        : { ok: false, reason: 'unavailable', message: 'the log cannot be written now; send again later' };
    },
    maySubscribe(identity, filter) {
      const [, root, product, device, rest = ''] = address.exec(filter) ?? [];
      if (product === undefined || !isOwn(identity, product, device!)) return false;
      return root === 'sys' ? listened.test(rest) : rest === 'response';
    },
  };
}

/** A device that signed in by its name speaks under that name; one with a key of ours under any, always for itself. */
function isOwn(identity: MachineIdentity, product: string, device: string): boolean {
  if (identity.kind !== 'thing') return false;
  return identity.login === undefined || identity.login === `${device}&${product}`;
}

function replyOf(outcome: KeyedOutcome): [code: number, text: string, data: Record<string, string>] {
  if (!outcome.ok) return [wrongParams, outcome.message, {}];
  const data = Object.fromEntries(outcome.refused.map(({ key, reason }) => [key, reason.en]));
  if (outcome.stored > 0 || outcome.refused.length === 0) return [success, 'success', data];
  return [wrongParams, 'no property of the thing takes any of these values', data];
}
