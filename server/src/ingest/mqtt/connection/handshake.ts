import type { IConnackPacket } from 'mqtt-packet';
import type { MqttDoorHandlers } from '../door-contract.ts';
import type { MqttLimits } from '../mqtt-limits.ts';
import type { MqttRefusal } from '../mqtt-reasons.ts';
import type { OpenedSession } from '../session/sessions.ts';
import type { ConnectRequest } from '../wire/connect-request.ts';
import { acceptance } from '../wire/control-packets.ts';
import type { DoorShared } from './door-shared.ts';

export type Authenticated<Identity> =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly refusal: MqttRefusal; readonly detail?: string };

type Origin = Pick<Parameters<MqttDoorHandlers<never>['authenticate']>[0], 'clientId' | 'remote' | 'stream'>;

/** Who it is, and whether it may have its will published. Rejects with what a handler throws. */
export async function authenticate<Identity>(
  handlers: MqttDoorHandlers<Identity>,
  { username, password, will }: ConnectRequest,
  origin: Origin,
): Promise<Authenticated<Identity>> {
  const identity = await handlers.authenticate({
    ...origin,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  });
  if (identity === null) return { ok: false, refusal: 'bad-credentials' };
  if (will !== undefined && handlers.mayPublish(identity, will.content.topic) === 'refuse') {
    const detail = `the will's topic ${will.content.topic.slice(0, 200)}`;
    return { ok: false, refusal: 'not-authorized', detail };
  }
  return { ok: true, identity };
}

/** The client may be at another door, or what is kept for it: it comes here. */
export async function claim<Identity>(
  { handlers, broker }: DoorShared<Identity>,
  authenticated: Authenticated<Identity>,
  clientId: string,
  { cleanStart, clientId: given }: ConnectRequest,
): Promise<Authenticated<Identity>> {
  // An identifier that was just made up is nowhere else.
  if (!authenticated.ok || given === '') return authenticated;
  const { tenant, name } = handlers.ownerOf(authenticated.identity);
  const outcome = await broker.claim({ tenant, name, clientId }, cleanStart);
  if (outcome === 'overtaken')
    return { ok: false, refusal: 'server-busy', detail: 'the same client connects to another door' };
  if (outcome === 'unavailable')
    return { ok: false, refusal: 'unavailable', detail: 'another door has its session and does not give it' };
  return authenticated;
}

/**
 * What was found out of a client may be void by now: whoever was dismissed since the login began does not come in. Asked
 * in the same turn in which the connection becomes one that a dismissal finds.
 */
export function admit<Identity>(
  authenticated: Authenticated<Identity>,
  dismissed: readonly ((identity: Identity) => boolean)[],
  stopping: boolean,
): Authenticated<Identity> {
  if (!authenticated.ok) return authenticated;
  if (stopping) return { ok: false, refusal: 'server-shutting-down' };
  if (dismissed.some((whom) => whom(authenticated.identity))) return { ok: false, refusal: 'not-authorized' };
  return authenticated;
}

/** Undefined when the tenant has too many sessions. */
export function openSession<Identity>(
  { handlers, broker, connectionOf }: DoorShared<Identity>,
  identity: Identity,
  clientId: string,
  { cleanStart, expirySeconds, will }: ConnectRequest,
): OpenedSession | undefined {
  const { tenant, name } = handlers.ownerOf(identity);
  return broker.sessions.open({
    owner: { tenant, name, clientId },
    identity,
    cleanStart,
    expirySeconds,
    will,
    takeOver: (session) => connectionOf.get(session)?.disconnect('session-taken-over'),
  });
}

/** CONNACK, and the keep-alive that holds from then on. */
export function greeting(
  limits: MqttLimits,
  { version, clientId, keepAliveSeconds: asked }: ConnectRequest,
  usedClientId: string,
  sessionPresent: boolean,
): { connack: IConnackPacket; keepAliveMs: number } {
  // MQTT 3.1.1 cannot be told another one.
  const held = version === 5 ? Math.min(asked, limits.maxKeepAliveSeconds) : asked;
  const connack = acceptance({
    ...{ limits, version, sessionPresent },
    assignedClientId: clientId === '' ? usedClientId : undefined,
    keepAliveSeconds: held === asked ? undefined : held,
  });
  return { connack, keepAliveMs: held * 1000 };
}
