import type { ServerName } from '@luban/contracts';

/** Host names, with the end of its id for a server that is not the only one of its name. */
export function serverLabels(servers: readonly ServerName[]): (server: ServerName) => string {
  const ids = new Map<string, Set<string>>();
  for (const { id, name } of servers) ids.set(name, (ids.get(name) ?? new Set()).add(id));
  return ({ id, name }) => ((ids.get(name)?.size ?? 0) > 1 ? `${name} (${id.slice(-4)})` : name);
}
