import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { type Http, problemOf, sendProblem } from './platform/http/http.ts';

const folder = fileURLToPath(new URL('../../console/dist', import.meta.url));

/** Serves the built console: files with a hash in their name for ever, its one page for every other address. */
export async function registerConsoleFiles(http: Http): Promise<void> {
  const built = existsSync(folder);
  if (built)
    await http.register(fastifyStatic, {
      root: folder,
      cacheControl: false,
      setHeaders: (reply, path) =>
        void reply.header(
          'cache-control',
          path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
        ),
    });
  http.setNotFoundHandler((request, reply) => {
    const wantsPage =
      request.method === 'GET' &&
      !request.url.startsWith('/api/') &&
      (request.headers.accept ?? '').includes('text/html');
    if (wantsPage && built) return reply.header('cache-control', 'no-cache').sendFile('index.html');
    const detail = wantsPage ? 'The console is not built: run npm run build -w console' : request.url;
    return sendProblem(reply, problemOf('request.not-found', request, detail));
  });
}
