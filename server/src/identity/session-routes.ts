import { language, me, setup, setupState, signIn, signInByLink, type User, user } from '@luban/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Refusal } from '../platform/errors.ts';
import type { Http } from '../platform/http/http.ts';
import type { Identity, NumberedTenant, SignedIn } from './identity.ts';
import { sessionCookie, sessionMs, sessionTokenOf, type UserActor } from './sessions.ts';
import { isFromThisMachine, isSetupCode, setupCodeHeader } from './setup-code.ts';

/** Called once, after the first tenant and its owner are in the database and before the answer. */
export type OnSetup = (done: { tenant: NumberedTenant; user: User; demoPlant: boolean }) => Promise<void>;

const ownChange = z.object({
  name: user.shape.name.optional(),
  language: language.optional(),
  newPassword: setup.shape.owner.shape.password.optional(),
  currentPassword: signIn.shape.password.optional(),
});

/** The doors before and around sign-in, and the signed-in user's own account. */
export function registerSessionRoutes(http: Http, identity: Identity, { onSetup }: { onSetup: OnSetup }): void {
  http.get(
    '/api/v1/setup',
    {
      config: { permission: 'public' },
      schema: {
        summary: 'Whether the platform waits for its first setup',
        tags: ['Setup'],
        response: { 200: setupState },
      },
    },
    async () => ({ needed: await identity.setupNeeded() }),
  );
  http.post(
    '/api/v1/setup',
    {
      config: { permission: 'public' },
      schema: {
        summary: 'Set the platform up: its first tenant and owner; signs the owner in',
        description: `Only once. Over the network the header ${setupCodeHeader} with the code that the server printed at its start is needed.`,
        tags: ['Setup'],
        body: setup,
        response: { 200: me },
      },
    },
    async (request, reply) => {
      if (!(await identity.setupNeeded())) throw new Refusal('setup.done');
      if (!isFromThisMachine(request) && !isSetupCode(request.headers[setupCodeHeader], identity.setupCode()))
        throw new Refusal('setup.code-required');
      const { tenant, user, ...signedIn } = await identity.setUp(request.body);
      // First the cookie: should the rest of the setup fail, the owner is in and can mend it.
      const answer = welcome(request, reply, signedIn);
      await onSetup({ tenant, user, demoPlant: request.body.demoPlant });
      return answer;
    },
  );

  http.post(
    '/api/v1/sessions',
    {
      config: { permission: 'public' },
      schema: { summary: 'Sign in by email and password', tags: ['Sessions'], body: signIn, response: { 200: me } },
    },
    async (request, reply) => {
      const result = await identity.signIn({ ...request.body, address: request.ip });
      if (result === 'wrong-credentials') throw new Refusal('session.wrong-credentials');
      if ('throttledMs' in result) throw throttled(reply, result.throttledMs);
      return welcome(request, reply, result);
    },
  );
  http.post(
    '/api/v1/sessions/link',
    {
      config: { permission: 'public' },
      schema: { summary: 'Sign in by a one-time link', tags: ['Sessions'], body: signInByLink, response: { 200: me } },
    },
    async (request, reply) => {
      const result = await identity.signInByLink(request.body.token);
      if (result === 'link-used') throw new Refusal('session.link-used');
      return welcome(request, reply, result);
    },
  );
  http.delete(
    '/api/v1/sessions/current',
    {
      config: { permission: 'signed-in' },
      schema: { summary: 'Sign out', tags: ['Sessions'], response: { 204: z.null() } },
    },
    async (request, reply) => {
      await identity.signOut(ownToken(request));
      return reply.clearCookie(sessionCookie, { path: '/' }).status(204).send(null);
    },
  );

  http.get(
    '/api/v1/me',
    {
      // No page opens without it, also those that say that no server leads.
      config: { permission: 'signed-in', anyServer: true },
      schema: { summary: 'Who is signed in, and what they may do', tags: ['Sessions'], response: { 200: me } },
    },
    async (request) => identity.me(userActorOf(request)),
  );
  http.patch(
    '/api/v1/me',
    {
      config: { permission: 'signed-in' },
      schema: {
        summary: 'Change the own name, language or password',
        description: 'A new password wants the current one, and signs out everywhere else.',
        tags: ['Sessions'],
        body: ownChange,
        response: { 200: me },
      },
    },
    async (request, reply) => {
      const actor = userActorOf(request);
      const result = await identity.users.changeOwn(actor, request.body, {
        token: ownToken(request),
        address: request.ip,
      });
      if (result !== 'done') throw throttled(reply, result.throttledMs);
      return identity.me(actor);
    },
  );
}

/** The signed-in user of a route that machines may not call. */
function userActorOf(request: FastifyRequest): UserActor {
  if (request.actor === null) throw new Refusal('session.required');
  if (request.actor.kind !== 'user') throw new Refusal('permission.denied');
  return request.actor;
}

function ownToken(request: FastifyRequest): string {
  const token = sessionTokenOf(request.headers);
  if (token === null) throw new Refusal('session.required');
  return token;
}

function welcome(request: FastifyRequest, reply: FastifyReply, { token, me }: SignedIn): SignedIn['me'] {
  reply.setCookie(sessionCookie, token, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https',
    maxAge: sessionMs / 1000,
  });
  return me;
}

function throttled(reply: FastifyReply, waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1000);
  reply.header('retry-after', seconds);
  return new Refusal('session.throttled', `Try again in ${seconds} s`);
}
