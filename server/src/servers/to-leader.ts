import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Relay } from '../log/log.ts';
import { Refusal } from '../platform/errors.ts';
import type { Http } from '../platform/http/http.ts';
import { decodeForwarded, encodeForwarded } from './forwarded.ts';

interface ToLeaderOptions {
  readonly relay: Relay | undefined;
  /** Whether this server leads. */
  readonly leads: () => boolean;
  /** Id of the server that leads by the records; undefined when none does. */
  readonly leader: () => Promise<string | undefined>;
}

interface ForwardedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly remote: string;
}

type ForwardedAnswer =
  | { readonly tooLarge: true }
  | { readonly tooLarge: false; readonly status: number; readonly headers: OutgoingHttpHeaders };

const subject = 'api.request';
/** A request that has been forwarded is not forwarded again. */
const mark = 'x-luban-forwarded';
/** What a message between servers holds, with room for what stands around it. */
const maxRequestBytes = 8 << 20;
const maxAnswerBytes = 64 << 20;
const partBytes = 1 << 20;
const waitMs = 60_000;
/** Of one connection, not of what it carries. */
const hopHeaders = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade', 'expect']);

/** What only the server that leads can answer is asked of it, whichever server a person or a program comes to. */
export function createToLeader({ relay, leads, leader }: ToLeaderOptions) {
  async function send(request: FastifyRequest, to: string): Promise<{ answer: ForwardedAnswer; body: Buffer }> {
    const { method, url, headers, ip } = request;
    const body = await bodyOf(request);
    const kept = Object.entries({ ...headers, [mark]: '1' }).filter(([name]) => !hopHeaders.has(name));
    const head: ForwardedRequest = { method, url, headers: Object.fromEntries(kept), remote: ip };
    const [found] = (await relay?.ask(subject, encodeForwarded(head, body), { of: to, waitMs })) ?? [];
    const [first, ...parts] = found?.parts ?? [];
    if (first === undefined) throw new Refusal('server.stands-by', 'The server that leads did not answer');
    return { answer: JSON.parse(first.toString('utf8')) as ForwardedAnswer, body: Buffer.concat(parts) };
  }

  return {
    /** Answers a request that this server cannot. Throws `server.stands-by` when nobody leads. */
    async forward(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
      const to = request.headers[mark] === undefined ? await leader() : undefined;
      if (to === undefined || relay === undefined) throw new Refusal('server.stands-by');
      const { answer, body } = await send(request, to);
      if (answer.tooLarge) throw new Refusal('server.too-large-here');
      for (const [name, value] of Object.entries(answer.headers))
        if (value !== undefined && !hopHeaders.has(name)) reply.header(name, value);
      return reply.status(answer.status).send(body);
    },
    /** Answers what other servers forward, as long as this one leads. */
    answer(http: Http): void {
      relay?.answer(subject, async (question) => {
        if (!leads()) return undefined;
        const { head, body } = decodeForwarded<ForwardedRequest>(question);
        const { method, url, headers, remote } = head;
        const response = await http.inject({
          ...{ method: method as 'GET', url, headers, remoteAddress: remote, payloadAsStream: true },
          ...(body.length > 0 && { payload: body }),
        });
        const parts: Buffer[] = [];
        let bytes = 0;
        const stream = response.stream();
        for await (const chunk of stream) {
          bytes += (chunk as Buffer).length;
          if (bytes > maxAnswerBytes) {
            stream.destroy();
            return [Buffer.from(JSON.stringify({ tooLarge: true } satisfies ForwardedAnswer))];
          }
          parts.push(chunk as Buffer);
        }
        const answer: ForwardedAnswer = { tooLarge: false, status: response.statusCode, headers: response.headers };
        return [Buffer.from(JSON.stringify(answer)), ...inParts(Buffer.concat(parts))];
      });
    },
  };
}

/** The body as it comes: nobody has read it yet. */
async function bodyOf({ raw }: FastifyRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of raw) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxRequestBytes) throw new Refusal('server.too-large-here');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function inParts(body: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += partBytes) parts.push(body.subarray(at, at + partBytes));
  return parts;
}
