import {
  type Batch,
  BatchError,
  createBatchReader,
  createBatchWriter,
  type LocalText,
  type Sample,
  statusKind,
  toBatch,
} from '@luban/contracts';
import type { Log } from '../log/log.ts';
import { checkDepth, maxJsonDepth } from '../platform/json.ts';
import type { LogLines } from '../platform/log-lines.ts';
import { RateMeter } from '../platform/rate-meter.ts';
import type { Things } from '../things/things.ts';
import type { Ingest, IngestCounts, IngestRefusal } from './ingest-contract.ts';
import type { IngestOutcome, Sender } from './ingest-outcome.ts';
import { createJoinedAppends } from './joined-appends.ts';
import { createRefusalCounts, noRefusals, type Refused, refusedReasons } from './refusal-counts.ts';
import type { RefusedValues } from './refused-values.ts';
import { wholeMessage } from './unread-message.ts';

export type { Ingest } from './ingest-contract.ts';
export { traceIngest } from './traced-ingest.ts';
export type { Traffic } from './traffic.ts';

/** A source clock may be ahead by this much; what claims to be from further in the future would hide every later value. */
const maxAheadUs = 24 * 3_600_000_000;
/** 2000-01-01: a clock before it was never set. */
const leastTimeUs = 946_684_800_000_000;
/** 2026-01-01: this program did not run before it, so a platform's clock that says so was never set. */
const leastNowUs = 1_767_225_600_000_000;
/** Between two lines about a clock that is not set. */
const clockEveryMs = 60_000;

interface IngestOptions {
  log: Pick<Log, 'join' | 'newestArrivalUs'>;
  directory: Things['directory'];
  sourceOf: Things['sourceOf'];
  refused: Pick<RefusedValues, 'note'>;
  nowUs: () => number;
  lines: LogLines;
}

export function createIngest({ log, directory, sourceOf, refused, nowUs, lines }: IngestOptions): Ingest {
  const now = () => nowUs() / 1000;
  /** Each tenant sees its own traffic. */
  const meters = new Map<number, { samples: RateMeter; messages: RateMeter }>();
  let total = 0;
  const refusals = createRefusalCounts();

  function meterOf(tenantNumber: number) {
    const known = meters.get(tenantNumber);
    if (known !== undefined) return known;
    const made = { samples: new RateMeter(now), messages: new RateMeter(now) };
    meters.set(tenantNumber, made);
    return made;
  }

  /** A device is told in English; whoever sets it up reads their own language where `said` has it. */
  function refuse(sender: Sender, reason: IngestRefusal, batch: Batch | null, said: LocalText): IngestOutcome {
    refusals.count(sender, reason, batch?.count ?? 0, 1, batch === null ? undefined : holdersOf(sender, batch));
    // What comes again later is not sent in vain.
    if (sender.thing !== undefined && reason !== 'unavailable')
      refused.note(sender.thing, 'ingest', [wholeMessage({ reason, said })]);
    return { ok: false, reason, message: said.en };
  }

  /** How many samples of a batch are whose, of those that the sender may write. */
  function holdersOf(sender: Sender, { series }: Batch): Map<string, number> {
    const holders = new Map<string, number>();
    for (const one of series) {
      const source = directory.senderOf(one) === sender.number ? sourceOf(one) : undefined;
      if (source === undefined) continue;
      const holder = source.device ?? source.thing;
      holders.set(holder, (holders.get(holder) ?? 0) + 1);
    }
    return holders;
  }

  const appends = createJoinedAppends({
    log,
    stored({ sender, samples, batches }) {
      const meter = meterOf(sender.tenantNumber);
      meter.samples.count(samples);
      meter.messages.count(batches);
      total += samples;
    },
    notStored: ({ sender, samples, batches }) => refusals.count(sender, 'unavailable', samples, batches),
    lines,
  });

  let clockToldMs = Number.NEGATIVE_INFINITY;
  function clockNotSet(): LocalText {
    const shown = new Date(nowUs() / 1000).toISOString();
    const says = {
      zh: `平台的时钟没有校准：显示为 ${shown}`,
      en: `the clock of the platform is not set: it says ${shown}`,
    };
    if (performance.now() - clockToldMs > clockEveryMs) {
      clockToldMs = performance.now();
      lines('error', 'samples not acknowledged', { cause: says.en });
    }
    return says;
  }

  function append(sender: Sender, batch: Batch, encoded: Uint8Array): IngestOutcome | Promise<IngestOutcome> {
    const foreign = directory.firstForeign(sender.number, batch.series);
    const own = foreign === undefined ? null : directory.asHere(sender.number, sender.tenantNumber, batch.series);
    if (own !== null) {
      const meant = { ...batch, series: own };
      return append(sender, meant, write(meant));
    }
    if (foreign !== undefined)
      return refuse(sender, 'not-authorized', batch, {
        zh: `不能写入序号为 ${foreign} 的点`,
        en: `series ${foreign} is not yours to write`,
      });
    // Where the platform's clock was set back, arrival is the better clock: it never goes back.
    const trustedUs = Math.max(nowUs(), log.newestArrivalUs);
    // Against a clock that was never set every sample is from the future: the sender is to keep it, not to give it up.
    if (trustedUs < leastNowUs) return refuse(sender, 'unavailable', batch, clockNotSet());
    const wrong = wrongTime(batch, trustedUs) ?? wrongJson(batch);
    if (wrong !== undefined) return refuse(sender, 'malformed', batch, wrong);
    return appends.append(sender, batch.count, encoded);
  }

  const read = createBatchReader();
  const write = createBatchWriter();

  /** Only what decodes again may reach the log: a record that does not would stop everybody who reads it. */
  function accept(sender: Sender, encoded: Uint8Array): IngestOutcome | Promise<IngestOutcome> {
    let batch: Batch;
    try {
      batch = read(encoded);
    } catch (error) {
      return refuseMalformed(sender, null, error);
    }
    return append(sender, batch, encoded);
  }

  function refuseMalformed(sender: Sender, batch: Batch | null, error: unknown): IngestOutcome {
    if (!(error instanceof BatchError)) throw error;
    return refuse(sender, 'malformed', batch, error.said);
  }

  /** Samples that are columns already. */
  function acceptColumns(sender: Sender, batch: Batch): IngestOutcome | Promise<IngestOutcome> {
    let encoded: Uint8Array;
    try {
      encoded = write(batch);
    } catch (error) {
      return refuseMalformed(sender, batch, error);
    }
    return accept(sender, encoded);
  }

  return {
    accept,
    acceptSamples: (sender: Sender, given: readonly Sample[]) => acceptColumns(sender, toBatch(given)),
    acceptColumns,
    rates(tenantNumber: number) {
      const { samples, messages } = meterOf(tenantNumber);
      return { samplesPerSecond: samples.perSecond(), messagesPerSecond: messages.perSecond() };
    },
    counts(): Map<number, IngestCounts> {
      const counts = new Map<number, IngestCounts>();
      for (const [tenant, { samples, messages }] of meters)
        counts.set(tenant, { samples: samples.total, messages: messages.total, refused: noRefusals() });
      for (const { tenantNumber, refused } of refusals.ofTenants()) {
        const sum = counts.get(tenantNumber) ?? { samples: 0, messages: 0, refused: noRefusals() };
        counts.set(tenantNumber, sum);
        for (const reason of refusedReasons) {
          sum.refused[reason].samples += refused[reason].samples;
          sum.refused[reason].batches += refused[reason].batches;
        }
      }
      return counts;
    },
    refused: (sender: Sender, { reason, samples, batches, holders }: Refused) =>
      refusals.count(sender, reason, samples, batches, holders),
    refusals: () => refusals.all(),
    total: () => total,
  };
}

function wrongTime(batch: Batch, nowUs: number): LocalText | undefined {
  const latest = nowUs + maxAheadUs;
  for (let i = 0; i < batch.count; i++) {
    const time = batch.time[i]!;
    if (time <= latest && time >= leastTimeUs) continue;
    const shown = new Date(time / 1000).toISOString();
    return {
      zh: `样本 ${i} 的时间 ${shown} 早于 2000 年或超前一天以上，请检查发送方的时钟`,
      en: `sample ${i}: its time ${shown} is before 2000 or more than a day ahead: check the sender's clock`,
    };
  }
  return undefined;
}

/** What reads JSON values later walks them recursively: too deep a one would end whoever shows it. */
function wrongJson(batch: Batch): LocalText | undefined {
  if (batch.texts.length === 0) return undefined;
  const checked = new Set<number>();
  for (let i = 0; i < batch.count; i++) {
    const text = batch.value[i]!;
    if (statusKind(batch.status[i]!) !== 'json' || checked.has(text)) continue;
    checked.add(text);
    try {
      checkDepth(batch.texts[text]!);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return { zh: `样本 ${i}：JSON 嵌套超过 ${maxJsonDepth} 层`, en: `sample ${i}: ${error.message}` };
    }
  }
  return undefined;
}
