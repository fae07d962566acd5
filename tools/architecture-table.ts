/**
 * Who may import whom. Processes stand on the ground floor (contracts, journal) and never import each other; inside a
 * process a folder uses another only as its table says. `architecture.test.ts` holds the code to it.
 */
export const workspaces: Record<string, readonly string[]> = {
  contracts: [],
  journal: [],
  plant: [],
  edge: ['contracts', 'journal'],
  server: ['contracts', 'journal'],
  console: ['contracts'],
  bench: ['contracts', 'journal'],
};

/**
 * Folders of `server/src`. A feature uses another only through that folder's same-named file (`edges/edges.ts`);
 * `platform` is open to all.
 */
export const serverFolders: Record<string, readonly string[]> = {
  platform: [],
  servers: ['platform', 'log'],
  identity: ['platform'],
  things: ['platform'],
  edges: ['platform', 'servers', 'things'],
  access: ['platform', 'things', 'edges'],
  log: ['platform'],
  ingest: ['platform', 'things', 'edges', 'access', 'log'],
  telemetry: ['platform', 'log'],
  aggregates: [],
  retention: ['platform', 'things', 'telemetry'],
  jobs: ['platform'],
  readings: ['platform', 'things', 'edges', 'telemetry', 'aggregates', 'jobs'],
  imports: ['platform', 'things', 'ingest', 'telemetry', 'jobs'],
  live: ['platform', 'log', 'telemetry', 'readings'],
  flow: ['platform', 'edges', 'log', 'ingest', 'telemetry', 'accounting'],
  health: ['platform', 'log', 'telemetry'],
  accounting: ['platform', 'things', 'edges', 'log'],
  backup: ['platform', 'log', 'telemetry', 'accounting'],
  move: ['platform', 'servers', 'log', 'telemetry', 'backup'],
  metrics: ['platform', 'ingest', 'log', 'telemetry', 'accounting'],
  packs: ['platform', 'things', 'edges'],
  'demo-plant': ['platform', 'edges', 'packs'],
  'open-api': ['platform'],
};

/** Folders of `edge/src`. Files that stand in `edge/src` itself and start with no folder are open to all. */
export const edgeFolders: Record<string, readonly string[]> = {
  drivers: [],
  pipeline: ['drivers'],
  outbox: [],
  events: [],
  gaps: ['outbox'],
  collection: ['drivers', 'pipeline', 'gaps', 'reports'],
  reports: ['collection', 'outbox'],
  uplink: ['outbox'],
  enrolment: [],
};
