import type { Duplex } from 'node:stream';
import { type AccessKeyId, type EdgeId, isId, type ThingId } from '@luban/contracts';
import { type Access, isAccessSecret } from '../access/access.ts';
import { type Edges, isEdgeKey } from '../edges/edges.ts';
import type { LogLines } from '../platform/log-lines.ts';
import type { CertificateName } from '../platform/tls/revocation-list.ts';
import type { Things } from '../things/things.ts';
import { shownCertificate } from './listeners/shown-certificate.ts';
import { holderOf, type MqttIdentity } from './mqtt-identity.ts';
import { signedWith } from './signed-login.ts';

/** Who comes in without a key of their own. */
export interface Anonymous {
  /** What they act as. */
  readonly key: AccessKeyId;
  /** `none`: whoever shows neither user name nor password; `any`: also who shows some that are nobody's. */
  readonly login: 'none' | 'any';
}

interface SignInOptions {
  things: Things;
  edges: Edges;
  access: Access;
  /** Null: nobody. */
  anonymous: Anonymous | null;
  /** Where tenants are that are not here any more. */
  departed: ReadonlyMap<string, string>;
  /** Client certificates on the revocation list. */
  revoked: () => ReadonlySet<CertificateName>;
  nowUs: () => number;
  lines: LogLines;
}

interface Credentials {
  clientId: string;
  username?: string;
  password?: Buffer;
  remote: string;
  stream: Duplex;
}

/**
 * Who a client of the MQTT door is; null for nobody. A bound client certificate is enough. Else: user name, the id of
 * the edge or thing, and password, its key; an access key or a token as password, with any user name; devices made for
 * other clouds sign in as they did there, by a token as user name alone or by a signed password.
 */
export function createMqttSignIn(options: SignInOptions) {
  const { things, edges, access, anonymous, departed, revoked, nowUs, lines } = options;

  async function byLogin(credentials: Credentials): Promise<MqttIdentity | null> {
    const { clientId, username, password } = credentials;
    if (username === undefined && password === undefined && anonymous !== null)
      return access.holder(anonymous.key, clientId);
    const found = await byKey(credentials);
    if (found !== null || anonymous?.login !== 'any' || meantForUs(credentials)) return found;
    return access.holder(anonymous.key, clientId);
  }

  async function byKey(credentials: Credentials): Promise<MqttIdentity | null> {
    const { clientId, username, password } = credentials;
    if (password !== undefined && isAccessSecret(password)) return access.keyHolder(password, clientId);
    if (password === undefined) return username === undefined ? null : byMachineKey(username);
    const holder = await byMachineKey(password);
    if (holder !== null) return username === undefined || username === holderOf(holder) ? holder : null;
    if (username === undefined) return null;
    const signed = await things.loginHolder(username, (secret) => signedWith(secret, credentials, nowUs() / 1000));
    return signed === null ? null : { ...signed, login: username };
  }

  /** While the records are away, who came in of late comes in again: what brings samples is not to wait for them. */
  function byMachineKey(key: string | Buffer): Promise<MqttIdentity | null> {
    const remembered = true;
    return isEdgeKey(key) ? edges.keyHolder(key, { remembered }) : things.keyHolder(key, { remembered });
  }

  function holder(id: string, clientId: string): Promise<MqttIdentity | null> {
    if (isId('access', id)) return access.holder(id, clientId);
    return isId('edge', id) ? edges.holder(id as EdgeId) : things.holder(id as ThingId);
  }

  async function whoIs(credentials: Credentials): Promise<MqttIdentity | null> {
    const { clientId, username } = credentials;
    const shown = shownCertificate(credentials.stream, revoked());
    if (shown === null) return byLogin(credentials);
    if (shown !== 'revoked' && 'doubtful' in shown) {
      lines('info', 'client certificate not counted', { ...whence(credentials), cause: shown.doubtful });
      return byLogin(credentials);
    }
    if (shown === 'revoked') return refusedAsRevoked(credentials);
    const { bound, ambiguous, revokedIn } = await access.certificates.verdictOn(shown.certificate, username);
    if (bound === null) {
      if (ambiguous)
        lines('info', 'client certificate not counted', {
          ...whence(credentials),
          cause: 'several tenants have bound it: give the id of what it stands for as user name',
        });
      const found = await byLogin(credentials);
      return found !== null && revokedIn.has(found.tenant) ? refusedAsRevoked(credentials) : found;
    }
    const found = await holder(bound.holder, clientId);
    if (found === null || found.tenant !== bound.tenant) return null;
    if (username !== undefined && found.kind !== 'access' && username !== bound.holder) return null;
    return { ...found, certificate: { binding: bound.binding, names: shown.names } };
  }

  function refusedAsRevoked(credentials: Credentials): null {
    lines('warn', 'revoked client certificate refused', whence(credentials));
    return null;
  }

  return async (credentials: Credentials): Promise<MqttIdentity | null> => {
    const found = await whoIs(credentials);
    const place = found === null ? undefined : departed.get(found.tenant);
    if (place === undefined) return found;
    // What it would bring is better kept by the sender than acknowledged where nobody looks any more.
    lines('warn', 'client of a tenant that has moved refused', {
      ...whence(credentials),
      tenant: found?.tenant,
      place,
    });
    return null;
  };
}

/** A key of ours that is void, or an id of ours with a wrong key: who shows these is to learn that they are wrong. */
function meantForUs({ username, password }: Credentials): boolean {
  const secrets = [username ?? '', password?.toString('latin1', 0, 4) ?? ''];
  if (secrets.some((secret) => /^lb[a-z]_/.test(secret))) return true;
  return username !== undefined && (['access', 'edge', 'thing'] as const).some((kind) => isId(kind, username));
}

/** For a line of the log; a client identifier may have 65,535 bytes. */
function whence({ remote, clientId }: Credentials): { remote: string; clientId: string } {
  return { remote, clientId: clientId.slice(0, 256) };
}
