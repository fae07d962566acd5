import type { ThingId } from '@luban/contracts';
import type { Edges } from './edges/edges.ts';
import type { RecordChanges } from './platform/database/record-changes.ts';
import type { RetentionFeature } from './retention/retention.ts';
import type { Things } from './things/things.ts';

interface Listeners {
  readonly things: Things;
  readonly edges: Edges;
  readonly retention: RetentionFeature;
}

/** What is held in memory of the records follows what other servers write. */
export function followRecords(changes: RecordChanges, { things, edges, retention }: Listeners): void {
  changes.on('points', 'thing', (thing) => things.reread(thing as ThingId | null));
  changes.on('things', 'id', (thing) => things.reread(thing as ThingId | null));
  changes.on('thing_keys', 'thing', async (thing, removed) => {
    if (thing === null || removed) await things.keysGone(thing as ThingId | null);
  });
  changes.on('arrived_tenants', 'tenant', () => things.rereadArrived());
  changes.on('edges', 'id', () => edges.reread());
  changes.on('devices', 'edge', () => edges.reread());
  changes.on('retention_rules', 'tenant', () => retention.reread());
}
