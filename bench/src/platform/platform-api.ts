import type { Flow, LatestReading } from '@luban/contracts';

/** The platform's public API as its owner. Every call throws the answer's own words when it is refused. */
export interface PlatformApi {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  /** A file in the format of exports. */
  postCsv<T>(path: string, text: string): Promise<T>;
  flow(): Promise<Flow>;
  /** Source time of each series' newest reading, µs; 0 for none. */
  latest(series: readonly number[]): Promise<Map<number, number>>;
}

/** The first owner of a new platform, signed in. */
export async function setUp(httpPort: number): Promise<PlatformApi> {
  const origin = `http://127.0.0.1:${httpPort}`;
  let cookie = '';
  const call = <T>(method: string, path: string, body?: unknown) =>
    body === undefined ? send<T>(method, path) : send<T>(method, path, JSON.stringify(body), 'application/json');
  async function send<T>(method: string, path: string, body?: string, type?: string): Promise<T> {
    const answer = await fetch(`${origin}/api/v1${path}`, {
      method,
      headers: { 'x-luban-request': '1', cookie, ...(type !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { body }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 1000)}`);
    const [session] = answer.headers.getSetCookie();
    if (session !== undefined) cookie = session.split(';')[0]!;
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
  await call('POST', '/setup', {
    language: 'en',
    owner: { name: 'Bench', email: 'bench@luban.invalid', password: crypto.randomUUID() },
    plant: { name: 'Bench', timeZone: 'UTC' },
    demoPlant: false,
  });
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    put: (path, body) => call('PUT', path, body),
    postCsv: (path, text) => send('POST', path, text, 'text/csv'),
    flow: () => call('GET', '/flow'),
    async latest(series) {
      const found = new Map<number, number>();
      for (let at = 0; at < series.length; at += 1000) {
        const asked = series.slice(at, at + 1000).join(',');
        const { items } = await call<{ items: LatestReading[] }>('GET', `/readings/latest?series=${asked}`);
        for (const { series: one, reading } of items) found.set(one, reading?.time ?? 0);
      }
      return found;
    },
  };
}
