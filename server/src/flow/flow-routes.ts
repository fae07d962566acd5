import { type Flow, flow } from '@luban/contracts';
import type { Actor } from '../platform/actor.ts';
import { actorOf, type Http } from '../platform/http/http.ts';

export function registerFlowRoutes(http: Http, flowOf: (actor: Actor) => Promise<Flow>): void {
  http.route({
    method: 'GET',
    url: '/api/v1/flow',
    config: { permission: 'edges.read' },
    schema: { summary: 'The path of the samples as it is now', tags: ['flow'], response: { 200: flow } },
    handler: (request) => flowOf(actorOf(request)),
  });
}
