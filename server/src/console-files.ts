import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { type Http, problemOf, sendProblem } from './platform/http/http.ts';
import { type ServerRole, serverRoles } from './servers/server-role.ts';

const folder = fileURLToPath(new URL('../../console/dist', import.meta.url));

/**
 * Serves the built console where the API is: files with a hash in their name for ever, its one page for every other
 * address. Says at any other address that there is nothing, and on a server with some roles only, that there may be elsewhere.
 */
export async function registerConsoleFiles(http: Http, roles: readonly ServerRole[]): Promise<void> {
  const whole = roles.length === serverRoles.length;
  const built = roles.includes('api') && existsSync(folder);
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
    if (!whole)
      return sendProblem(
        reply,
        problemOf('request.not-found', request, `This server is ${roles.join(', ')}: another may have ${request.url}`),
      );
    const detail = wantsPage ? 'The console is not built: run npm run build -w console' : request.url;
    return sendProblem(reply, problemOf('request.not-found', request, detail));
  });
}
