import { maxBatchSamples, qualityCode } from '@luban/contracts';
import { Refusal } from '../../platform/errors.ts';
import { errorLine } from '../../platform/log-lines.ts';
import type { Dialect, DialectContext, DialectPeer } from '../dialect.ts';
import type { PublishOutcome } from '../mqtt/mqtt-door.ts';
import type { MachineIdentity } from '../mqtt-identity.ts';
import type { RefusedReason } from '../refusal-counts.ts';
import { refuseUnread } from '../unread-message.ts';
import { createBirthBinding } from './bind-birth.ts';
import { isPoint } from './birth-properties.ts';
import { decodePayload } from './decode-payload.ts';
import { createHostState } from './host-state.ts';
import { MetricBatch } from './metric-batch.ts';
import { SparkplugError } from './proto-reader.ts';
import { rebirthCommand } from './rebirth-command.ts';
import { type Born, bdSeqOf, SparkplugNode } from './sparkplug-node.ts';
import type { Payload } from './sparkplug-payload.ts';
import { namespace, readTopic, type SparkplugTopic } from './sparkplug-topic.ts';

/** One node is asked to give birth again at most once in this time. */
const askAgainMs = 5000;
/** How much longer after a birth that was refused. */
const refusedForMs = 55_000;
/** After the platform's start: nodes that live come back within this time. */
const comeBackMs = 10_000;
const mostNodes = 20_000;
/** 2000-01-01, ms: a clock before it was never set, so the time of arrival is the better one. */
const leastTimeMs = 946_684_800_000;
const notConnected = qualityCode('notConnected');
const deviceSilent = qualityCode('deviceSilent');

export interface SparkplugStats {
  /** Edge nodes that are alive now. */
  readonly nodes: number;
  readonly births: number;
  readonly deaths: number;
  /** Messages whose sequence number did not follow the one before. */
  readonly gaps: number;
  /** Metrics that no birth certificate had named. */
  readonly unknown: number;
  readonly rebirthsAsked: number;
}

/**
 * Luban as a Sparkplug B host application: births define what nodes and devices measure, data comes by alias or name,
 * deaths turn every point of what died bad. A gap, an unknown alias or a missing birth asks the node for its birth.
 */
export function createSparkplug(context: DialectContext): Dialect & { stats(): SparkplugStats } {
  const { ingest, things, edges, nowUs, lines } = context;
  const nodes = new Map<string, SparkplugNode>();
  const bind = createBirthBinding(context);
  const state = createHostState(context);
  let burial: NodeJS.Timeout | undefined;
  const counts = { births: 0, deaths: 0, gaps: 0, unknown: 0, rebirthsAsked: 0 };

  function nowMs(): number {
    return Math.floor(nowUs() / 1000);
  }

  function nodeOf({ tenantNumber }: MachineIdentity, { group, node }: SparkplugTopic): SparkplugNode | null {
    const key = `${tenantNumber}/${group}/${node}`;
    const known = nodes.get(key);
    if (known !== undefined) return known;
    if (nodes.size >= mostNodes) forgetTheDead();
    if (nodes.size >= mostNodes) return null;
    const made = new SparkplugNode(group, node);
    nodes.set(key, made);
    return made;
  }
  function forgetTheDead(): void {
    for (const [key, node] of nodes) if (!node.alive && node.pending === null) nodes.delete(key);
  }

  function askForBirth(peer: DialectPeer, node: SparkplugNode, why: string): void {
    if (nowMs() - node.askedMs < askAgainMs) return;
    node.askedMs = nowMs();
    counts.rebirthsAsked++;
    lines('info', 'sparkplug rebirth asked', { group: node.group, node: node.name, why });
    const { topic, payload } = rebirthCommand(node.group, node.name, nowMs());
    void peer.publish(topic, payload, 0);
  }

  function refuse({ identity }: DialectPeer, { thing }: Born, reason: RefusedReason, samples: number): void {
    if (samples > 0) ingest.refused(identity, { reason, samples, batches: 0, holders: new Map([[thing, samples]]) });
  }

  function refuseUnborn({ identity }: DialectPeer, { metrics }: Payload): void {
    ingest.refused(identity, { reason: 'malformed', samples: metrics.length, batches: 1 });
  }

  /** What a message holds, to the points that its birth bound; the outcome says whether it is on disk. */
  async function store(peer: DialectPeer, node: SparkplugNode, born: Born, payload: Payload): Promise<PublishOutcome> {
    const { metrics } = payload;
    const live = new MetricBatch(metrics.length, false);
    let backlog: MetricBatch | null = null;
    let unknown = 0;
    let unbound = 0;
    const arrivalMs = nowMs();
    const messageMs = payload.timestamp >= leastTimeMs ? payload.timestamp : arrivalMs;
    for (const metric of metrics) {
      const bound = metric.name !== null ? born.metrics.get(metric.name) : node.aliases.get(metric.alias);
      if (bound === undefined) unknown++;
      else if (bound.series === 0 && bound.isPoint) unbound++;
      if (bound === undefined || bound.series === 0 || metric.transient) continue;
      const timeUs = (metric.timestamp >= leastTimeMs ? metric.timestamp : messageMs) * 1000;
      if (metric.historical) {
        backlog ??= new MetricBatch(metrics.length, true);
        backlog.add(bound, metric, timeUs);
      } else {
        if (timeUs > node.newestUs) node.newestUs = timeUs;
        live.add(bound, metric, timeUs);
      }
    }
    refuse(peer, born, 'no-property', unbound);
    if (unknown > 0) {
      refuse(peer, born, 'malformed', unknown);
      counts.unknown += unknown;
      askForBirth(peer, node, `${unknown} metrics that no birth has named`);
    }
    for (const batch of [live, backlog]) {
      if (batch === null || batch.count === 0) continue;
      const outcome = await ingest.acceptColumns(peer.identity, batch.done());
      if (outcome.ok) continue;
      lines('warn', 'sparkplug values not stored', { group: node.group, node: node.name, cause: outcome.message });
      // Its thing was removed or given to another edge, or values are lost: the birth says all of them again.
      if (outcome.reason !== 'malformed') askForBirth(peer, node, outcome.message);
      return outcome;
    }
    return { ok: true };
  }

  async function birth(
    peer: DialectPeer,
    node: SparkplugNode,
    device: string | null,
    payload: Payload,
  ): Promise<PublishOutcome> {
    const place = { group: node.group, node: node.name, device };
    const born = await bind(peer.identity, place, payload.metrics);
    node.born.set(device, born);
    for (const { name, alias } of payload.metrics)
      if (alias >= 0 && name !== null) node.aliases.set(alias, born.metrics.get(name)!);
    counts.births++;
    return store(peer, node, born, payload);
  }

  async function nodeBirth(peer: DialectPeer, node: SparkplugNode, payload: Payload): Promise<PublishOutcome> {
    if (node.alive && node.identity!.number !== peer.identity.number)
      return { ok: false, reason: 'not-authorized', message: `${node.group}/${node.name} speaks through another key` };
    // The session before it ended without a word; a birth that was asked for goes on with the same one.
    if (node.alive && node.bdSeq !== bdSeqOf(payload)) await die(node, 'born again');
    node.begin(peer.identity, peer.id, payload);
    if (peer.identity.kind === 'edge') edges.connected(peer.identity.edge, true);
    return birth(peer, node, null, payload);
  }

  /** Every point of these series turns bad, no earlier than the last value that it ends. */
  async function turnBad(
    node: SparkplugNode,
    identity: MachineIdentity,
    series: readonly number[],
    timeUs: number,
    quality: number,
  ): Promise<void> {
    const at = Math.max(timeUs, node.newestUs + 1);
    for (let from = 0; from < series.length; from += maxBatchSamples) {
      const part = series.slice(from, from + maxBatchSamples);
      const batch = new MetricBatch(part.length, false);
      for (const one of part) batch.put(one, at, null, quality);
      const outcome = await ingest.acceptColumns(identity, batch.done());
      if (!outcome.ok)
        lines('warn', 'sparkplug death not stored', { group: node.group, node: node.name, cause: outcome.message });
    }
  }

  async function die(node: SparkplugNode, why: string): Promise<void> {
    const { identity } = node;
    if (identity === null) return;
    const series = node.allSeries();
    counts.deaths++;
    lines('info', 'sparkplug node died', { group: node.group, node: node.name, why });
    const dying = turnBad(node, identity, series, nowUs(), notConnected);
    node.end();
    await dying;
  }

  /** Nodes that went while the platform was away send no death: who has not come back by now is dead. */
  async function buryUnseen(): Promise<void> {
    for (const { tenant, tenantNumber, edge, edgeNumber, source, thing } of await things.discoveredUnder(
      `${namespace}/`,
    )) {
      const [, group = '', name = ''] = source.split('/');
      if (nodes.get(`${tenantNumber}/${group}/${name}`)?.known === true) continue;
      const identity = { kind: 'edge', edge, tenant, tenantNumber, number: edgeNumber } as const;
      const points = things.pointsOf(tenant, thing).filter(({ device }) => device === null);
      await turnBad(
        new SparkplugNode(group, name),
        identity,
        points.map(({ series }) => series),
        nowUs(),
        notConnected,
      );
    }
  }

  async function deviceDeath(node: SparkplugNode, device: string | null, { timestamp }: Payload): Promise<void> {
    const born = node.born.get(device);
    if (born === undefined || node.identity === null) return;
    node.born.delete(device);
    counts.deaths++;
    await turnBad(
      node,
      node.identity,
      born.series,
      timestamp >= leastTimeMs ? Math.min(timestamp * 1000, nowUs()) : nowUs(),
      deviceSilent,
    );
  }

  async function handle(
    peer: DialectPeer,
    node: SparkplugNode,
    topic: SparkplugTopic,
    payload: Payload,
  ): Promise<PublishOutcome> {
    const { type, device } = topic;
    if (type === 'NBIRTH') return nodeBirth(peer, node, payload);
    if (type === 'NDEATH') {
      // A death of an earlier session is late and ends nothing.
      if (node.alive && node.peer === peer.id && node.bdSeq === bdSeqOf(payload)) await die(node, 'NDEATH');
      return { ok: true };
    }
    const isData = type === 'NDATA' || type === 'DDATA';
    if (!node.alive || node.peer !== peer.id) {
      if (isData) refuseUnborn(peer, payload);
      askForBirth(peer, node, `${type} before any birth on this connection`);
      return { ok: true };
    }
    if (!node.follows(payload)) {
      counts.gaps++;
      askForBirth(peer, node, 'a gap in the sequence numbers');
    }
    if (type === 'DBIRTH') return birth(peer, node, device, payload);
    if (type === 'DDEATH') {
      await deviceDeath(node, device, payload);
      return { ok: true };
    }
    const born = node.born.get(device);
    if (born !== undefined) return store(peer, node, born, payload);
    if (isData) refuseUnborn(peer, payload);
    askForBirth(peer, node, `${type} of a device that was not born`);
    return { ok: true };
  }

  /**
   * In the order of arrival. A birth takes its time to be bound, and what comes after it waits; data does not wait for
   * the data before it, since all that it does before it goes to the log it does at once.
   */
  function inTurn(node: SparkplugNode, isBirth: boolean, act: () => Promise<PublishOutcome>): Promise<PublishOutcome> {
    const turn = node.pending === null ? act() : node.pending.then(act, act);
    if (!isBirth) return turn;
    node.pending = turn;
    const done = () => {
      if (node.pending === turn) node.pending = null;
    };
    turn.then(done, done);
    return turn;
  }

  return {
    name: 'sparkplug',
    use: 'take-and-route',
    takes: (topic) => topic.startsWith(`${namespace}/`),
    async publish(peer, topic, bytes) {
      const read = readTopic(topic);
      if (read === null || read.type === 'NCMD' || read.type === 'DCMD')
        return { ok: false, reason: 'not-authorized', message: `${topic} is not for a node to publish to` };
      let payload: Payload;
      try {
        payload = decodePayload(bytes);
      } catch (error) {
        if (!(error instanceof SparkplugError)) throw error;
        refuseUnread(context, peer.identity, error, error.message);
        return { ok: false, reason: 'malformed', message: error.message };
      }
      const node = nodeOf(peer.identity, read);
      if (node === null) return { ok: false, reason: 'quota', message: 'too many Sparkplug nodes' };
      try {
        return await inTurn(node, read.type === 'NBIRTH' || read.type === 'DBIRTH', () =>
          handle(peer, node, read, payload),
        );
      } catch (error) {
        if (error instanceof SparkplugError) {
          refuseUnread(context, peer.identity, error, error.message);
          return { ok: false, reason: 'malformed', message: error.message };
        }
        if (!(error instanceof Refusal)) throw error;
        const samples = payload.metrics.filter(isPoint).length;
        ingest.refused(peer.identity, { reason: 'not-authorized', samples, batches: 1 });
        // Asking again at once would be answered the same.
        node.askedMs = nowMs() + refusedForMs;
        lines('warn', 'sparkplug birth refused', { group: read.group, node: read.node, cause: error.message });
        return { ok: false, reason: 'not-authorized', message: error.message };
      }
    },
    maySubscribe: (_identity, filter) => isOwnFilter(filter) || state.isFilter(filter),
    subscribed: ({ identity }, filter) => void state.subscribed(identity, filter),
    closed(peer) {
      let spoke = false;
      for (const node of nodes.values()) {
        if (node.peer !== peer.id || !node.alive) continue;
        spoke = true;
        inTurn(node, false, async () => {
          if (node.peer === peer.id) await die(node, 'its connection is gone');
          return { ok: true };
        }).catch((error: unknown) =>
          lines('error', 'sparkplug death not stored', { node: node.name, cause: errorLine(error) }),
        );
      }
      if (spoke && peer.identity.kind === 'edge') edges.connected(peer.identity.edge, false);
    },
    start() {
      const bury = () =>
        buryUnseen().catch((error: unknown) =>
          lines('error', 'sparkplug deaths not stored', { cause: errorLine(error) }),
        );
      burial = setTimeout(bury, comeBackMs);
      burial.unref();
    },
    async stop() {
      clearTimeout(burial);
      await state.offline();
    },
    stats: () => ({ nodes: [...nodes.values()].filter(({ alive }) => alive).length, ...counts }),
  };
}

/** A node listens to commands to itself and to its devices. */
function isOwnFilter(filter: string): boolean {
  return /^spBv1\.0\/[^/+#]+\/(NCMD|DCMD)\/[^/+#]+(\/(#|\+|[^/+#]+))?$/.test(filter);
}
