/** Where the log's NATS servers are, and under which name they keep it. */
export interface NatsAddress {
  /** `host:port` each. */
  readonly servers: string[];
  readonly user?: string;
  readonly password?: string;
  readonly tls: boolean;
  readonly name: string;
}

const shape = /^(nats|tls):\/\/(?:([^:@/]+):([^@/]*)@)?([\w.-]+(?::\d+)?(?:,[\w.-]+(?::\d+)?)*)(?:\/([\w-]+)?)?$/;

/** Reads `nats://user:password@a:4222,b:4222,c:4222/name`; all but the hosts may be left out. Null for anything else. */
export function parseNatsAddress(text: string): NatsAddress | null {
  const found = shape.exec(text);
  if (found === null) return null;
  const [, scheme, user, password, hosts = '', name = 'luban'] = found;
  try {
    return {
      servers: hosts.split(','),
      ...(user === undefined ? {} : { user: decodeURIComponent(user), password: decodeURIComponent(password ?? '') }),
      tls: scheme === 'tls',
      name,
    };
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
