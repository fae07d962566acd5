import type { Identity } from './identity/identity.ts';
import { Refusal } from './platform/errors.ts';
import type { Authenticate } from './platform/http/http.ts';
import type { Things } from './things/things.ts';

interface AuthenticateOptions {
  readonly identity: Identity;
  readonly things: Things;
  /** Tenants that have moved, with where they are now. */
  readonly departed: ReadonlyMap<string, string>;
}

/** Who asks: a user by session or key, a thing by its key. Of a tenant that has moved nothing is changed here any more. */
export function createAuthenticate({ identity, things, departed }: AuthenticateOptions): Authenticate {
  return async (request) => {
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const remembered = request.routeOptions.config.remembersKeys === true;
    const actor = await (bearer === undefined
      ? identity.authenticate(request)
      : things.keyHolder(bearer, { remembered }));
    const place = actor === null ? undefined : departed.get(actor.tenant);
    const leaves = request.method === 'GET' || request.routeOptions.url?.startsWith('/api/v1/sessions') === true;
    if (place !== undefined && !leaves) throw new Refusal('tenant.moved', `It is at ${place} now`);
    return actor;
  };
}
