import { jsonSamples, type Sample, samplesAccepted } from '@luban/contracts';
import type { Actor } from '../platform/actor.ts';
import { type ErrorCode, Refusal } from '../platform/errors.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import type { Things } from '../things/things.ts';
import type { Ingest } from './ingest-contract.ts';
import type { IngestOutcome, Sender } from './ingest-outcome.ts';
import { readJsonSamples, SamplesRefused } from './json-samples.ts';
import type { RefusedValues } from './refused-values.ts';
import { refuseUnread } from './unread-message.ts';

/** HTTP's door for samples: a thing with its own key, or a user who names the thing. */
export function registerSamplesRoutes(
  http: Http,
  { ingest, refused, things, nowUs }: { ingest: Ingest; refused: RefusedValues; things: Things; nowUs: () => number },
): void {
  const refuse = (sender: Sender, error: Error) =>
    refuseUnread({ ingest, refused }, sender, error, error.message.slice(0, 500));

  /** Of a thing with its key the records, which may be away, are not asked. */
  async function senderOf(actor: Actor, named: string | undefined): Promise<Required<Sender>> {
    const thing = thingOf(actor, named);
    if (actor.kind === 'thing') return actor;
    const { id } = await things.thing(actor.tenant, thing);
    return { tenantNumber: actor.tenantNumber, number: things.senderOf(id), thing: id };
  }
  http.route({
    method: 'POST',
    url: '/api/v1/samples',
    // Not counted: a sender that catches up is slowed by its answers, never refused.
    config: { permission: 'samples.write', machines: true, counted: false, remembersKeys: true },
    schema: {
      summary: 'Store samples; the answer means that they are on disk',
      description: 'With a thing’s key as bearer token the thing is known; a user names it by id or key in `thing`.',
      tags: ['samples'],
      body: jsonSamples,
      response: { 200: samplesAccepted },
    },
    // Of who has no key of a thing, nobody knows for which thing it was.
    onError: async (request, _reply, error) => {
      const { actor } = request;
      if (actor?.kind === 'thing' && !(error instanceof Refusal) && (error.statusCode ?? 500) < 500)
        refuse(actor, error);
    },
    handler: async (request) => {
      const actor = actorOf(request);
      const sender = await senderOf(actor, request.body.thing);
      const points = things.keyedPointsOf(actor.tenant, sender.thing);
      let samples: Sample[];
      try {
        samples = readJsonSamples(request.body, points, nowUs());
      } catch (error) {
        if (error instanceof SamplesRefused) refuse(sender, error);
        throw error;
      }
      refuseUnless(await ingest.acceptSamples(sender, samples));
      return { accepted: samples.length };
    },
  });
}

function thingOf(actor: Actor, named: string | undefined): string {
  if (actor.kind === 'edge') throw new Refusal('permission.denied', 'An edge sends by MQTT');
  if (actor.kind === 'thing') {
    if (named !== undefined && named !== actor.thing)
      throw new Refusal('samples.not-yours', `This key belongs to ${actor.thing}`);
    return actor.thing;
  }
  if (named === undefined)
    throw new Refusal('samples.invalid', 'Name the thing', [{ pointer: '/thing', message: 'is missing' }]);
  return named;
}

const refusals: Record<'malformed' | 'not-authorized' | 'unavailable', ErrorCode> = {
  malformed: 'samples.invalid',
  'not-authorized': 'samples.not-yours',
  unavailable: 'samples.unavailable',
};

function refuseUnless(outcome: IngestOutcome): void {
  if (!outcome.ok) throw new Refusal(refusals[outcome.reason], outcome.message);
}
