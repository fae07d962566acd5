/** Where a ClickHouse server answers by HTTP. */
export interface ClickhouseAddress {
  /** `http://host:8123` */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Its name in the servers' configuration: tables are replicated and sharded there. Undefined: one server. */
  readonly cluster: string | undefined;
}

const names = /^\w+$/;

/** Reads `http://user:password@host:8123/database?cluster=name`; user, password and cluster may be left out. Null for anything else. */
export function parseClickhouseAddress(text: string): ClickhouseAddress | null {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return null;
  const { protocol, host, username, password, pathname, searchParams, hash } = new URL(text);
  const database = pathname.slice(1);
  const cluster = searchParams.get('cluster') ?? undefined;
  const strangers = [...searchParams.keys()].some((key) => key !== 'cluster');
  if (host === '' || hash !== '' || strangers || !names.test(database)) return null;
  if (cluster !== undefined && !names.test(cluster)) return null;
  try {
    return {
      url: `${protocol}//${host}`,
      user: username === '' ? 'default' : decodeURIComponent(username),
      password: decodeURIComponent(password),
      database,
      cluster,
    };
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
