import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startOtlpReceiver } from './otlp-receiver.test-support.ts';
import { createTracing, type Tracing, traceLines } from './tracing.ts';

let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
let tracing: Tracing;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
  tracing = makeTracing(0);
});
afterEach(async () => {
  await tracing.stop();
  await receiver.stop();
});
const makeTracing = (ratio: number) =>
  createTracing({ url: `${receiver.url}/v1/traces`, headers: {}, serviceName: 'test', ratio }, () => undefined);

const asked = (first = 'a') => ({
  kind: 'server' as const,
  context: { traceId: first.repeat(32), spanId: 'b'.repeat(16), sampled: true },
});

test('parts nest in the work that they are made in, across awaits, and only there', async () => {
  const one = tracing.root('one', asked('1'))!;
  const two = tracing.root('two', asked('2'))!;
  const work = (name: string) =>
    tracing.part(`${name} outer`, {}, async () => {
      await setTimeout(5);
      await tracing.part(`${name} inner`, {}, () => setTimeout(5));
    });
  await Promise.all([tracing.within(one, () => work('one')), tracing.within(two, () => work('two')), work('nobody')]);
  tracing.endRoot(one);
  tracing.endRoot(two);
  await tracing.stop();
  const found = Object.fromEntries(receiver.spans.map((span) => [span.name, span]));
  expect(Object.keys(found).sort()).toEqual(['one', 'one inner', 'one outer', 'two', 'two inner', 'two outer']);
  for (const [name, digit] of [['one', '1'] as const, ['two', '2'] as const]) {
    expect(found[`${name} inner`]?.parentSpanId).toBe(found[`${name} outer`]?.spanId);
    expect(found[`${name} outer`]?.parentSpanId).toBe(found[name]?.spanId);
    expect(found[`${name} inner`]?.traceId).toBe(digit.repeat(32));
  }
});

test('what a request left running is no part of it once it is answered, also while others are traced', async () => {
  const root = tracing.root('answered', asked())!;
  const left = tracing.within(root, async () => {
    await setTimeout(20);
    await tracing.part('left behind', {}, () => setTimeout(1));
    tracing.past('left statement', 'client', {}, 1);
  });
  tracing.endRoot(root);
  tracing.endRoot(root);
  const other = tracing.root('other', asked('c'))!;
  await left;
  tracing.endRoot(other);
  expect(tracing.current()).toBeUndefined();
  await tracing.stop();
  expect(receiver.spans.map(({ name }) => name).sort()).toEqual(['answered', 'other']);
});

test('what throws is a failed span, and throws on', async () => {
  const root = tracing.root('root', asked())!;
  const broken = tracing.within(root, () =>
    tracing.part('part', {}, () => {
      throw new Error('broken');
    }),
  );
  await expect(broken).rejects.toThrow('broken');
  tracing.endRoot(root);
  await tracing.stop();
  expect(receiver.spans.find(({ name }) => name === 'part')).toMatchObject({ failure: 'broken' });
});

test('a block is linked to the traced appends that it holds, each once, and is told of only for them', async () => {
  const root = tracing.root('root', asked())!;
  tracing.endRoot(root);
  tracing.remember(3, root);
  tracing.remember(7, root);
  tracing.block('insert', { from: 0, to: 3 }, {}, 1);
  tracing.block('insert', { from: 3, to: 7 }, {}, 1);
  tracing.block('insert', { from: 3, to: 7 }, {}, 1);
  await tracing.stop();
  const blocks = receiver.spans.filter(({ name }) => name === 'insert');
  expect(blocks).toMatchObject([
    { attributes: { 'luban.log.from': 3, 'luban.log.to': 7 }, links: [{ traceId: root.traceId }] },
  ]);
});

test('by the ratio of 1 everything is traced that no caller decided about', async () => {
  tracing = makeTracing(1);
  const root = tracing.root('root', { kind: 'server' });
  expect(root).toMatchObject({ parentId: null });
  expect(tracing.root('not', { kind: 'server', context: { ...asked().context, sampled: false } })).toBeUndefined();
  tracing.endRoot(root!);
});

test('a line of the log that a traced request writes names its trace', async () => {
  const told: unknown[] = [];
  const lines = traceLines((_level, _event, fields) => void told.push(fields), tracing);
  const root = tracing.root('root', asked())!;
  tracing.within(root, () => lines('error', 'x', { cause: 'y' }));
  lines('error', 'x', { cause: 'y' });
  tracing.endRoot(root);
  expect(told).toEqual([{ traceId: root.traceId, cause: 'y' }, { cause: 'y' }]);
});
