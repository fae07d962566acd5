import type { Flow } from '@luban/contracts';
import type { createLive } from './live/live.ts';
import { createLiveTail, type Log, type Relay } from './log/log.ts';
import type { Actor } from './platform/actor.ts';
import { Refusal } from './platform/errors.ts';
import type { Http } from './platform/http/http.ts';
import type { LogLines } from './platform/log-lines.ts';
import { createToLeader, type Servers } from './servers/servers.ts';

type UserActor = Extract<Actor, { kind: 'user' }>;

interface ApiAnywhereOptions {
  readonly http: Http;
  readonly relay: Relay | undefined;
  readonly servers: Servers;
  /** Whether this server has the API and another one leads. */
  readonly standsBy: () => boolean;
  readonly leads: () => boolean;
  readonly live: ReturnType<typeof createLive>;
  readonly flowOf: (actor: UserActor) => Promise<Flow>;
  readonly log: Log;
  /** Whether this server reads samples itself; resolves when it knows all that was acknowledged here. */
  readonly readsHistory: () => Promise<boolean>;
  readonly lines: LogLines;
}

const flowSubject = 'api.flow';

/**
 * People and programs may come to any server that has the API. History each server reads itself once it follows the
 * store. What only the leader knows (the books, jobs) is asked of it for them; what happens from now on each sees in the log.
 */
export function createApiAnywhere(options: ApiAnywhereOptions) {
  const { http, relay, servers, standsBy, leads, live, flowOf, log, readsHistory, lines } = options;
  const toLeader = createToLeader({ relay, leads, leader: servers.leader });
  const tail = createLiveTail({
    log,
    wanted: () => standsBy() && live.watchers() > 0,
    note: (record) => live.note(record),
    lines,
  });
  toLeader.answer(http);
  relay?.answer(flowSubject, async (question) => {
    if (!leads()) return undefined;
    return [Buffer.from(JSON.stringify(await flowOf(JSON.parse(question.toString('utf8')) as UserActor)))];
  });
  http.addHook('onRequest', async (request, reply) => {
    const { url = '', config: route } = request.routeOptions;
    const isLed =
      !route.machines && !route.anyServer && route.permission !== 'public' && route.permission !== 'operator';
    if (route.readsHistory && (await readsHistory())) return undefined;
    if (!isLed || !standsBy() || !url.startsWith('/api/')) return undefined;
    return toLeader.forward(request, reply);
  });

  return {
    async flowOf(actor: UserActor): Promise<Flow> {
      if (!standsBy()) return flowOf(actor);
      const of = await servers.leader();
      const question = Buffer.from(JSON.stringify(actor));
      const [answer] = of === undefined ? [] : ((await relay?.ask(flowSubject, question, { of })) ?? []);
      const [flow] = answer?.parts ?? [];
      if (flow === undefined) throw new Refusal('server.stands-by');
      return JSON.parse(flow.toString('utf8')) as Flow;
    },
    start: () => tail.start(),
    stop: () => tail.stop(),
  };
}
