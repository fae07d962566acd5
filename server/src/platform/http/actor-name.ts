import type { Actor } from '../actor.ts';

/** One name for each of all actors of all tenants. */
export function actorName(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
      return `${actor.tenant}/${actor.user}`;
    case 'thing':
      return `${actor.tenant}/${actor.thing}`;
    case 'edge':
      return `${actor.tenant}/${actor.edge}`;
  }
}
