import { encodeBatch, qualityCode, toBatch, toId, toSeries } from '@luban/contracts';
import { describe, expect, test } from 'vitest';
import { createLogLines } from '../platform/log-lines.ts';
import { SeriesDirectory } from '../things/series-directory.ts';
import { createIngest } from './ingest.ts';
import { createRefusedValues } from './refused-values.ts';

const nowUs = () => 1_790_000_000_000_000;
const hour = 3_600_000_000;
const sender = { tenantNumber: 1, number: 42 };

function makeIngest(
  join: (tenant: number, batch: Uint8Array) => Promise<number> = async () => 0,
  {
    newestArrivalUs = 0,
    now = nowUs,
    refused = createRefusedValues({ nowMs: () => 0, lines: createLogLines('error', () => undefined) }),
  } = {},
) {
  const directory = new SeriesDirectory();
  directory.set(5, 42);
  directory.set(70_000, 43);
  const sourceOf = () => ({ thing: toId('thing', 'thing:01jqz7k3w0a1b2c3d4e5'), device: null });
  const lines = createLogLines('error', () => undefined);
  return createIngest({ log: { join, newestArrivalUs }, directory, sourceOf, refused, nowUs: now, lines });
}
const batch = (series: number, time = nowUs()) =>
  encodeBatch(toBatch([{ series: toSeries(series), time, value: 1, quality: qualityCode('good'), simulated: false }]));

const nested = (depth: number) => {
  const text = '['.repeat(depth) + ']'.repeat(depth);
  const given = toBatch([
    { series: toSeries(5), time: nowUs(), value: [], quality: qualityCode('good'), simulated: false },
  ]);
  return encodeBatch({ ...given, texts: [text] });
};

describe('ingest', () => {
  test('acknowledges only after the log has the batch', async () => {
    let durable: () => void = () => expect.unreachable();
    const ingest = makeIngest(() => new Promise((resolve) => (durable = () => resolve(0))));
    let acknowledged = false;
    const outcome = Promise.resolve(ingest.accept(sender, batch(5))).then((result) => {
      acknowledged = true;
      return result;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(acknowledged).toBe(false);
    durable();
    expect(await outcome).toEqual({ ok: true });
    expect(ingest.total()).toBe(1);
  });

  test('a clock that is wrong, points of another and a broken batch are shown with the thing in both languages', async () => {
    const thing = toId('thing', 'thing:01jqz7k3w0a1b2c3d4e5');
    const refused = createRefusedValues({ nowMs: () => 0, lines: createLogLines('error', () => undefined) });
    const ingest = makeIngest(undefined, { refused });
    for (const wrong of [batch(5, 1), batch(70_000), new Uint8Array(40)]) {
      const outcome = await ingest.accept({ ...sender, thing }, wrong);
      const [{ key, reason }] = refused.of(thing) as [ReturnType<typeof refused.of>[number]];
      expect([outcome.ok, key]).toEqual([false, '*']);
      expect(reason.en).toContain((outcome as { message: string }).message);
      expect(reason.zh).toMatch(
        /^整条消息被拒收.*：[^：]*(检查发送方的时钟|不能写入序号为 70000 的点|首字节须为 0x4c)$/,
      );
    }
  });

  test('batches of one write share an answer, and each sender’s are counted by what became of it', async () => {
    const writes: { durable: Promise<number>; end: (error?: Error) => void }[] = [];
    const begin = () => {
      let end!: (error?: Error) => void;
      const durable = new Promise<number>((resolve, reject) => {
        end = (error) => (error === undefined ? resolve(0) : reject(error));
      });
      writes.push({ durable, end });
    };
    begin();
    const ingest = makeIngest(() => writes.at(-1)!.durable);
    const other = { tenantNumber: 2, number: 43 };
    const first = ingest.accept(sender, batch(5));
    expect(ingest.accept(other, batch(70_000))).toBe(first);
    expect(ingest.accept(sender, batch(5))).toBe(first);
    begin();
    const second = [ingest.accept(other, batch(70_000)), ingest.accept(other, batch(70_000))];
    expect(second[0]).not.toBe(first);
    writes[1]!.end(new Error('no space left'));
    expect(await second[1]).toMatchObject({ ok: false, reason: 'unavailable' });
    expect(ingest.total()).toBe(0);
    writes[0]!.end();
    expect(await first).toEqual({ ok: true });
    expect(ingest.counts().get(1)).toMatchObject({ samples: 2, messages: 2 });
    expect(ingest.counts().get(2)).toMatchObject({ samples: 1, messages: 1 });
    expect([...ingest.refusals()]).toEqual([
      { sender: 43, holder: null, reason: 'unavailable', samples: 2, batches: 2 },
    ]);
  });

  test('a clock that was never set makes the sender wait; one that was set back does not', async () => {
    const unset = { now: () => 3_600_000_000 };
    expect(await makeIngest(undefined, unset).accept(sender, batch(5))).toMatchObject({
      ok: false,
      reason: 'unavailable',
      message: 'the clock of the platform is not set: it says 1970-01-01T01:00:00.000Z',
    });
    const setBack = { ...unset, newestArrivalUs: nowUs() - hour };
    expect(await makeIngest(undefined, setBack).accept(sender, batch(5))).toEqual({ ok: true });
  });

  test.each([
    ['another sender’s series', batch(70_000), 'not-authorized', 'series 70000'],
    ['a series that nobody has', batch(6), 'not-authorized', 'series 6'],
    ['a series beyond all that exist', batch(4_000_000_000), 'not-authorized', 'series 4000000000'],
    ['a time two days ahead', batch(5, nowUs() + 48 * hour), 'malformed', 'check the sender’s clock'],
    ['a time before the clock was set', batch(5, 1), 'malformed', 'before 2000'],
    ['JSON too deep for what shows it', nested(100_000), 'malformed', 'nested deeper than 64'],
    ['bytes that are no batch', new Uint8Array([1, 2, 3]), 'malformed', 'at least 28 bytes'],
  ])('refuses %s and says why', async (_, bytes, reason, words) => {
    const appended: unknown[] = [];
    const ingest = makeIngest(async (...given) => appended.push(given));
    const outcome = await ingest.accept(sender, bytes);
    expect(outcome).toMatchObject({ ok: false, reason });
    expect('message' in outcome && outcome.message.replace("'", '’')).toContain(words);
    expect(appended).toEqual([]);
  });

  test.each([
    ['a number that is none', [Number.POSITIVE_INFINITY], 'not a finite number'],
    ['more samples than a batch holds', Array.from({ length: 65_537 }, () => 1), '1 to 65536'],
  ])('refuses %s from the JSON doors too: nobody could read it from the log', async (_, values, words) => {
    const ingest = makeIngest(async () => expect.unreachable());
    const rest = { series: toSeries(5), time: nowUs(), quality: qualityCode('good'), simulated: false };
    const outcome = await ingest.acceptSamples(
      sender,
      values.map((value) => ({ ...rest, value })),
    );
    expect(outcome).toMatchObject({ ok: false, reason: 'malformed' });
    expect('message' in outcome && outcome.message).toContain(words);
  });

  test('answers unavailable when the log cannot be written', async () => {
    const ingest = makeIngest(() => Promise.reject(new Error('no space left')));
    expect(await ingest.accept(sender, batch(5))).toMatchObject({ ok: false, reason: 'unavailable' });
    expect(ingest.total()).toBe(0);
  });
});
