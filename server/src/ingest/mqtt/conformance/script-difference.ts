import type { Script } from './script.ts';
import type { Outcome, Seen } from './script-run.ts';

/** What Luban did otherwise than Mosquitto, for people; undefined when nothing, but for what is known of Mosquitto. */
export function difference(
  script: Script,
  luban: readonly Outcome[],
  mosquitto: readonly Outcome[],
): string | undefined {
  for (const [at, ours] of luban.entries()) {
    const theirs = mosquitto[at]!;
    const step = typeof ours.step === 'string' ? ours.step : JSON.stringify(ours.step);
    const where = `step ${at} of ${JSON.stringify(script.versions)}: ${step}\n`;
    if (ours.answer !== theirs.answer) return `${where}luban: ${ours.answer}\nmosquitto: ${theirs.answer}`;
    if (ours.open.join() !== theirs.open.join()) return `${where}open: luban ${ours.open}, mosquitto ${theirs.open}`;
    for (const [client, seen] of ours.seen.entries()) {
      const [mine, other] = [merged(seen), merged(theirs.seen[client]!)];
      const came = ours.step === 'end' || ours.step === 'begin' || ours.step.does === 'connect';
      if (JSON.stringify(mine) !== JSON.stringify(script.overlapping && came ? completed(other, mine) : other))
        return `${where}client ${client} got from luban:\n${lines(mine)}\nfrom mosquitto:\n${lines(other)}`;
    }
  }
  return undefined;
}

/** By topic in order; what came by several subscriptions once, at the highest QoS, with all identifiers. */
function merged(all: readonly Seen[]): Seen[] {
  const byContent = new Map<string, Seen>();
  for (const one of all) {
    const key = JSON.stringify([one.topic, one.payload]);
    const known = byContent.get(key);
    byContent.set(key, known === undefined ? one : both(known, one));
  }
  return [...byContent.values()]
    .map((one) => ({ ...one, ids: [...new Set(one.ids)].sort((a, b) => a - b) }))
    .sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0));
}

/**
 * Of the copies for one client that is away Mosquitto drops those of QoS 0, and with them their identifiers and flags.
 * Luban sends one message for all subscriptions.
 */
function completed(theirs: readonly Seen[], ours: readonly Seen[]): Seen[] {
  return theirs.map((one, at) => {
    const { ids = [], retain = false } = ours[at] ?? {};
    return { ...one, retain: one.retain || retain, ids: one.ids.every((id) => ids.includes(id)) ? ids : one.ids };
  });
}

function both(one: Seen, other: Seen): Seen {
  return {
    ...one,
    qos: Math.max(one.qos, other.qos),
    retain: one.retain || other.retain,
    dup: one.dup || other.dup,
    ids: [...one.ids, ...other.ids],
  };
}

function lines(all: readonly Seen[]): string {
  return all.map((one) => `  ${JSON.stringify(one)}`).join('\n');
}
