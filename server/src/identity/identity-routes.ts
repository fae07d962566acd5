import type { Http } from '../platform/http/http.ts';
import type { Identity } from './identity.ts';
import { type OnSetup, registerSessionRoutes } from './session-routes.ts';
import { registerUserRoutes } from './user-routes.ts';

/** Setup, sessions, the own account, users. */
export function registerIdentityRoutes(http: Http, identity: Identity, options: { onSetup: OnSetup }): void {
  registerSessionRoutes(http, identity, options);
  registerUserRoutes(http, identity.users);
}
