import { type Json, kindOf, type Point, qualityCode, type Sample, type ThingId } from '@luban/contracts';
import type { KeyedPoints } from '../things/things.ts';
import type { DialectContext, DialectPeer, KeyedValues } from './dialect.ts';
import type { IngestOutcome } from './ingest-outcome.ts';
import type { PublishOutcome } from './mqtt/mqtt-door.ts';
import type { MachineIdentity } from './mqtt-identity.ts';
import { type RefusedValue, refusedText } from './refused-values.ts';
import { noSuchProperty, shown, wrongKind } from './value-refusals.ts';

/** How a message of keyed values ended: what of it is on disk, and what was refused and why. */
export type KeyedOutcome =
  | { readonly ok: true; readonly stored: number; readonly refused: readonly RefusedValue[] }
  | Extract<IngestOutcome, { ok: false }>;

const good = qualityCode('good');

/**
 * Values by key → samples of the thing's points. What no property takes is refused by name and keeps nothing else
 * back: another platform would have taken it, so a device may well send more than its model here has.
 */
export function readKeyedValues(
  given: readonly KeyedValues[],
  points: KeyedPoints,
  nowUs: number,
): { samples: Sample[]; refused: RefusedValue[] } {
  const samples: Sample[] = [];
  const refused: RefusedValue[] = [];
  for (const { timeUs, values } of given) {
    const time = timeUs ?? nowUs;
    for (const key in values) {
      const point = points.get(key);
      const value = point === undefined ? undefined : fitting(point, values[key]!);
      if (value === undefined)
        refused.push({
          key: shown(key),
          reason: point === undefined ? noSuchProperty : wrongKind(point, values[key]!),
        });
      else samples.push({ series: point!.series, time, value, quality: good, simulated: false });
    }
  }
  return { samples, refused };
}

/** The value as its property takes it, or undefined. 0 and 1 are what many clouds have for false and true. */
function fitting(point: Pick<Point, 'type'>, value: Json): Json | undefined {
  if (value === null) return undefined;
  if (point.type === 'json' || kindOf(value) === point.type) return value;
  if (point.type === 'boolean' && (value === 0 || value === 1)) return value === 1;
  return undefined;
}

/**
 * What a device is told. MQTT 3.1.1 has no word for a refusal but the end of the connection, and a device that sends one
 * key too many would never come to an end with that: there it stands in the log and with the thing only.
 */
export function publishOutcome({ version }: DialectPeer, outcome: KeyedOutcome): PublishOutcome {
  if (!outcome.ok) return outcome;
  const nothing = outcome.stored === 0 && outcome.refused.length > 0;
  return nothing && version === 5
    ? { ok: false, reason: 'malformed', message: refusedText(outcome.refused) }
    : { ok: true };
}

/** Stores what fits of keyed values in the name of a thing, and notes the rest. */
export async function storeKeyedValues(
  { ingest, things, refused: ledger, nowUs }: DialectContext,
  sender: MachineIdentity,
  thing: ThingId,
  dialect: string,
  given: readonly KeyedValues[],
): Promise<KeyedOutcome> {
  const { samples, refused } = readKeyedValues(given, things.keyedPointsOf(sender.tenant, thing), nowUs());
  if (refused.length > 0) {
    ledger.note(thing, dialect, refused);
    const holders = new Map([[thing, refused.length]]);
    ingest.refused(sender, { reason: 'no-property', samples: refused.length, batches: 0, holders });
  }
  if (samples.length === 0) return { ok: true, stored: 0, refused };
  const outcome = await ingest.acceptSamples(sender, samples);
  return outcome.ok ? { ok: true, stored: samples.length, refused } : outcome;
}
