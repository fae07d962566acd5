import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveParent } from '../children.ts';

/** The least that a Node server does with the same requests: reads the body, parses its JSON, answers. */
function listen(): Promise<number> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { values } = JSON.parse(Buffer.concat(parts).toString('utf8')) as { values: object };
      const answer = JSON.stringify({ accepted: Object.keys(values).length });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

serveParent(listen);
