import { request } from 'node:http';
import { type Batch, encodeBatch, toBatch, topics, toSeries } from '@luban/contracts';
import mqtt, { type IPublishPacket, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allReadings } from './fixtures/acknowledged-set.ts';
import { type Answer, createApiClient, type RequestOptions } from './fixtures/api-client.ts';
import { addThing, type MadeThing } from './fixtures/plant-records.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';
import { until } from './fixtures/until.ts';

let platform: Platform;
let thing: MadeThing;
let bystander: MadeThing;
let good = 0;
beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
  await platform.api.setUp();
  thing = await addThing(platform.api, 'SENDER-1');
  bystander = await addThing(platform.api, 'OTHER-1');
});
afterAll(() => platform.remove());

/** Another client is served as before: it writes, and reads what it wrote. */
afterEach(async () => {
  good++;
  const machine = createApiClient(platform.url);
  const headers = { authorization: `Bearer ${bystander.key}` };
  const sent = await machine.request('POST', '/api/v1/samples', { headers, body: { values: { p0: good } } });
  expect(sent.status).toBe(200);
  const latest = async () =>
    (await platform.api.get(`/api/v1/readings/latest?thing=${bystander.id}`)).items[0].reading?.value;
  await until(async () => (await latest()) === good, 'the other client reads what it wrote', 10_000);
  expect((await platform.api.get('/api/v1/setup')).needed).toBe(false);
  expect(await allReadings(platform.api, thing.series[0]!), 'nothing of what was refused is stored').toEqual([]);
});

/** A problem for programs and for people in both languages. */
function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status, answer.text.slice(0, 500)).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answer.body).toMatchObject({ status, code, traceId: expect.any(String), type: `urn:luban:error:${code}` });
  expect(answer.body.text.zh).toMatch(/[一-龥]/);
  expect(answer.body.text.en).toMatch(/[a-z]/);
  expect(answer.text, 'no inside of the platform').not.toMatch(/node_modules|\.ts:\d/);
  expect(answer.text.length, 'an answer is short whatever was sent').toBeLessThan(20_000);
}

const samples = (raw: string | Uint8Array): RequestOptions => ({
  raw,
  headers: { authorization: `Bearer ${thing.key}` },
});

/** Sends `mebibytes` of a JSON string and does not end the request: the answer comes all the same. */
function sendSlowly(headers: Record<string, string>, mebibytes: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = request(`${platform.url}/api/v1/samples`, {
      method: 'POST',
      headers: { authorization: `Bearer ${thing.key}`, 'content-type': 'application/json', ...headers },
    });
    sending.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        const type = response.headers['content-type'] ?? '';
        const answer = { status: response.statusCode ?? 0, text, headers: new Headers({ 'content-type': type }) };
        resolve({ ...answer, body: JSON.parse(text) });
        sending.destroy();
      });
    });
    sending.on('error', reject);
    sending.flushHeaders();
    for (let i = 0; i < mebibytes; i++) sending.write(Buffer.alloc(1 << 20, i === 0 ? '"' : 'x'));
  });
}

describe('by HTTP', () => {
  test('100 MB of JSON are refused before they are read, and nine that do not say their length as soon as it is known', async () => {
    expectProblem(await sendSlowly({ 'content-length': String(100 << 20) }, 0), 413, 'request.too-large');
    expectProblem(await sendSlowly({ 'transfer-encoding': 'chunked' }, 9), 413, 'request.too-large');
  });

  test.each([
    ['nested 100,000 deep', `{"values":{"p0":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`],
    ['nested 100,000 deep and cut off', `${'{"a":'.repeat(100_000)}`],
    ['cut off', '{"values":{"p0":1'],
    ['empty', ''],
    ['not JSON', '\u0000\u0001\u0002'],
    ['with a byte order mark only', '\ufeff'],
    ['NaN', '{"values":{"p0":NaN}}'],
    ['Infinity', '{"values":{"p0":1e999}}'],
    ['with __proto__ at the top', '{"__proto__":{"thing":"x"},"values":{"p0":1}}'],
    ['with __proto__ among the values', '{"values":{"__proto__":1}}'],
    ['with constructor.prototype', '{"values":{"p0":1},"constructor":{"prototype":{"polluted":1}}}'],
    ['an array', '[]'],
    ['a number', '7'],
    ['null', 'null'],
    ['a string as number', '{"values":{"p0":"1"}}'],
    ['an object as number', '{"values":{"p0":{"a":1}}}'],
    ['null without a bad quality', '{"values":{"p0":null}}'],
    ['no values', '{"values":{}}'],
    ['values as array', '{"values":[1]}'],
    ['an unknown key', '{"values":{"p0":1},"unknown":1}'],
    ['an unknown property', '{"values":{"p9":1}}'],
    ['an unknown quality', '{"values":{"p0":1},"quality":"splendid"}'],
    ['a time without zone', '{"values":{"p0":1},"time":"2026-01-01T00:00:00"}'],
    ['a time that is no date', '{"values":{"p0":1},"time":"2026-02-31T00:00:00Z"}'],
    ['a time far in the future', '{"values":{"p0":1},"time":"2099-01-01T00:00:00Z"}'],
    ['a time before computers', '{"values":{"p0":1},"time":"1970-01-01T00:00:00Z"}'],
    ['10,001 samples', `{"samples":[${Array(10_001).fill('{"values":{"p0":1}}').join()}]}`],
    ['a thing of 1 MB', `{"thing":"${'x'.repeat(1 << 20)}","values":{"p0":1}}`],
    ['a property of 1 MB', `{"values":{"${'x'.repeat(1 << 20)}":1}}`],
    ['one good and one bad sample', '{"samples":[{"values":{"p0":1}},{"values":{"p0":"x"}}]}'],
    ['both forms at once', '{"values":{"p0":1},"samples":[{"values":{"p0":1}}]}'],
  ])('samples that are %s are refused with the reason', async (_, raw) => {
    const answer = await platform.api.request('POST', '/api/v1/samples', samples(raw));
    expectProblem(
      answer,
      400,
      answer.status === 400 && answer.body.code === 'samples.invalid' ? 'samples.invalid' : 'request.invalid',
    );
    expect(answer.body.detail.length).toBeGreaterThan(5);
  });

  test('bytes that are not UTF-8 are refused', async () => {
    const raw = Buffer.concat([Buffer.from('{"values":{"p0":"'), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}}')]);
    expect((await platform.api.request('POST', '/api/v1/samples', samples(raw))).status).toBe(400);
  });

  test('another content type, a wrong key and somebody else’s thing are told apart', async () => {
    const machine = createApiClient(platform.url);
    const call = (headers: Record<string, string>, body: unknown) =>
      machine.request('POST', '/api/v1/samples', { headers, body });
    const { key } = thing;
    const text = { authorization: `Bearer ${key}`, 'content-type': 'text/xml' };
    expectProblem(await call(text, { values: { p0: 1 } }), 415, 'request.media-type');
    for (const wrong of [`${key}x`, key.slice(0, -1), key.toUpperCase(), 'x', 'x'.repeat(8000)])
      expectProblem(await call({ authorization: `Bearer ${wrong}` }, { values: { p0: 1 } }), 401, 'session.required');
    const foreign = { thing: bystander.id, values: { p0: 1 } };
    expectProblem(await call({ authorization: `Bearer ${key}` }, foreign), 403, 'samples.not-yours');
  });

  test.each([
    ['/api/v1/things?cursor=nonsense', 'request.invalid'],
    ['/api/v1/things?cursor=%00', 'request.invalid'],
    [`/api/v1/things?cursor=${'x'.repeat(501)}`, 'request.invalid'],
    ['/api/v1/points?cursor=bm9uc2Vuc2U', 'request.invalid'],
    ['/api/v1/users?cursor=e30', 'request.invalid'],
    ['/api/v1/things?limit=0', 'request.invalid'],
    ['/api/v1/things?limit=1e9', 'request.invalid'],
    ['/api/v1/things?limit=ten', 'request.invalid'],
    ['/api/v1/things?site=thing:x', 'request.invalid'],
    ['/api/v1/things/%27%20OR%201=1', 'request.invalid'],
    ['/api/v1/things/..%2f..%2fusers', 'request.invalid'],
    ['/api/v1/edges/thing:01jqz7k3w0a1b2c3d4e5', 'request.invalid'],
    ['/api/v1/readings/range?series=1;DROP%20TABLE%20samples&from=0&to=1', 'request.invalid'],
    ['/api/v1/readings/range?series=1&from=5&to=5', 'request.invalid'],
    ['/api/v1/readings/range?series=1&from=-1&to=5', 'request.invalid'],
    ['/api/v1/readings/range?series=1&from=0&to=99999999999999999', 'request.invalid'],
    ['/api/v1/readings/range?series=1&from=0.5&to=5', 'request.invalid'],
    ['/api/v1/readings/range?series=1,2&from=0&to=5&limit=50000', 'readings.too-much'],
    ['/api/v1/readings/buckets?series=1&from=0&to=5&count=1e9', 'request.invalid'],
    [`/api/v1/readings/latest?series=${Array.from({ length: 1001 }, (_, i) => i + 1).join()}`, 'readings.too-much'],
    ['/api/v1/readings/export.csv?series=1&from=0&to=5&zone=Mars/Olympus', 'request.invalid'],
  ])('GET %s is refused as %s', async (path, code) => {
    expectProblem(await platform.api.request('GET', path), 400, code);
  });

  test.each([
    ['/api/v1/readings/range?series=4294967295&from=0&to=5', 404, 'points.not-found'],
    ['/api/v1/readings/range?series=99999999999999999999&from=0&to=5', 404, 'points.not-found'],
    ['/api/v1/nothing', 404, 'request.not-found'],
    ['/api/v1/things/thing:01jqz7k3w0a1b2c3d4e5', 404, 'things.not-found'],
  ])('GET %s is answered %i', async (path, status, code) => {
    expectProblem(await platform.api.request('GET', path), status, code);
  });

  test('history to the end of time is answered, not refused', async () => {
    const answer = await platform.api.request(
      'GET',
      `/api/v1/readings/buckets?series=${thing.series[0]}&from=0&to=${Number.MAX_SAFE_INTEGER}&count=3`,
    );
    expect(answer.status, answer.text).toBe(200);
  });

  test.each([
    [
      'a model with a key twice',
      '/api/v1/thing-models',
      { key: 'twice', name: { zh: '二', en: 'two' }, properties: [p('a'), p('a')] },
    ],
    [
      'a model with __proto__',
      '/api/v1/thing-models',
      { key: 'proto', name: { zh: '二', en: 'two' }, properties: [p('__proto__')] },
    ],
    [
      'a model of huge names',
      '/api/v1/thing-models',
      { key: 'huge', name: { zh: '二'.repeat(1e6), en: 'x' }, properties: [] },
    ],
    [
      'a thing with control characters',
      '/api/v1/things',
      { key: 'T', name: 'a\u0000b', model: 'model:01jqz7k3w0a1b2c3d4e5', site: null },
    ],
    ['a site of an unknown level', '/api/v1/sites', { name: 'x', level: 'galaxy', parent: null }],
    [
      'a user with a short password',
      '/api/v1/users',
      { name: 'x', email: 'x@example.com', role: 'owner', password: 'short' },
    ],
    [
      'a user of an unknown role',
      '/api/v1/users',
      { name: 'x', email: 'x@example.com', role: 'god', password: 'long enough it is' },
    ],
  ])('%s is refused with a pointer to the field', async (_, path, body) => {
    const answer = await platform.api.request('POST', path, { body });
    expectProblem(answer, 400, 'request.invalid');
    expect(answer.body.errors[0].pointer).toMatch(/^\//);
  });
});

function p(key: string) {
  return { key, name: { zh: '点', en: 'point' }, type: 'number', unit: null, range: null };
}

describe('by MQTT', () => {
  let client: MqttClient;
  let reasons: string[];
  let disconnects: { reasonCode?: number; text?: string | undefined }[];
  beforeEach(async () => {
    reasons = [];
    disconnects = [];
    client = await mqtt.connectAsync(platform.mqttUrl, {
      protocolVersion: 5,
      username: thing.id,
      password: thing.key,
      reconnectPeriod: 0,
    });
    client.on('error', () => undefined); // the refusals under test are read from the packets
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'puback') reasons.push(packet.properties?.reasonString ?? '');
      if (packet.cmd === 'disconnect') {
        disconnects.push({ reasonCode: packet.reasonCode ?? 0, text: packet.properties?.reasonString });
      }
    });
  });
  afterEach(() => client.endAsync(true));

  const publish = (topic: string, payload: Uint8Array | string, more: Partial<IPublishPacket> = {}) =>
    client.publishAsync(topic, Buffer.from(payload), { qos: 1, ...more });
  const sample = (change: object = {}) => ({
    series: toSeries(thing.series[0]!),
    time: Date.now() * 1000,
    value: 1,
    quality: 0,
    simulated: false,
    ...change,
  });
  const batchOf = (change: object = {}, wire: Partial<Batch> = {}) =>
    encodeBatch({ ...toBatch([sample(change)]), ...wire });

  test.each<[string, () => Uint8Array, number, RegExp]>([
    ['of no bytes', () => new Uint8Array(0), 0x99, /28 bytes/],
    ['of noise', () => new Uint8Array(500).fill(0xa5), 0x99, /0x4c/],
    ['cut off', () => batchOf().subarray(0, 40), 0x99, /need/],
    ['with bytes behind it', () => Buffer.concat([batchOf(), Buffer.from([0])]), 0x99, /need/],
    ['of an unknown version', () => Buffer.concat([Buffer.from([0x4c, 9]), batchOf().subarray(2)]), 0x99, /version 9/],
    ['that claims four billion samples', () => withCount(batchOf(), 0xffff_ffff), 0x99, /not 4294967295/],
    ['with NaN', () => batchOf({ value: Number.NaN }), 0x99, /finite/],
    ['with infinity', () => batchOf({ value: Number.NEGATIVE_INFINITY }), 0x99, /finite/],
    ['from the year 2099', () => batchOf({ time: 4_070_908_800_000_000 }), 0x99, /clock/],
    ['from before 2000', () => batchOf({ time: 1 }), 0x99, /clock/],
    ['with an unknown status', () => batchOf({}, { status: Uint16Array.of(0xffff) }), 0x99, /status/],
    ['for somebody else’s series', () => batchOf({ series: bystander.series[0] }), 0x87, /not yours/],
    ['for a series that is not there', () => batchOf({ series: 4_000_000 }), 0x87, /not yours/],
  ])('a batch %s is refused with the reason, and the connection goes on', async (_, bytes, code, reason) => {
    await expect(publish(topics.batch, bytes())).rejects.toMatchObject({ code });
    expect(reasons.join()).toMatch(reason);
    await expect(publish(topics.batch, bytes())).rejects.toMatchObject({ code });
    expect(client.connected).toBe(true);
  });

  test.each([
    ['that is no JSON', '{', 0x99],
    ['nested 100,000 deep', `{"values":{"p0":${'['.repeat(100_000)}`, 0x99],
    ['with __proto__', '{"__proto__":{},"values":{"p0":1}}', 0x99],
    ['of an unknown property', '{"values":{"p9":1}}', 0x99],
    ['of the wrong type', '{"values":{"p0":"x"}}', 0x99],
    ['far in the future', '{"values":{"p0":1},"time":"2099-01-01T00:00:00Z"}', 0x99],
  ])('a JSON sample %s is refused with the reason', async (_, text, code) => {
    await expect(publish(topics.samples, text)).rejects.toMatchObject({ code });
    expect(reasons.join().length).toBeGreaterThan(5);
    expect(client.connected).toBe(true);
  });

  test('a thing may not speak as an edge, nor listen', async () => {
    for (const topic of [topics.report, topics.gaps, topics.events, 'luban/v1/other', '$SYS/x'])
      await expect(publish(topic, '[]')).rejects.toMatchObject({ code: 0x87 });
    for (const filter of ['#', 'luban/v1/#', topics.configuration, topics.batch])
      await expect(client.subscribeAsync(filter, { qos: 1 })).rejects.toThrow(/Not authorized|Wildcard/);
  });

  test.each<[string, number[], number, RegExp]>([
    ['a packet that claims 256 MB', [0x32, 0xff, 0xff, 0xff, 0x7f], 0x95, /large/],
    ['a length that never ends', [0x32, 0xff, 0xff, 0xff, 0xff, 0xff], 0x81, /wire format/],
    ['a packet type that is not there', [0x00, 0x00], 0x81, /wire format/],
    ['a second CONNECT', [0x10, 0x00], 0x82, /./],
  ])('%s ends the connection with the reason', async (_, bytes, code, text) => {
    client.stream.write(Buffer.from(bytes));
    await until(() => disconnects.length > 0, 'the platform says why', 5000);
    expect(disconnects[0]?.reasonCode).toBe(code);
    expect(disconnects[0]?.text).toMatch(text);
    await until(() => !client.connected, 'the connection is closed', 5000);
  });

  test.each([
    ['a wrong key', () => ({ username: thing.id, password: `${thing.key}x` })],
    ['the key of another thing', () => ({ username: thing.id, password: bystander.key })],
    ['no key', () => ({ username: thing.id })],
    ['nothing', () => ({})],
  ])('%s opens nothing', async (_, credentials) => {
    const options = { protocolVersion: 5 as const, reconnectPeriod: 0, ...credentials() };
    await expect(mqtt.connectAsync(platform.mqttUrl, options, false)).rejects.toMatchObject({ code: 0x86 });
  });
});

function withCount(batch: Uint8Array, count: number): Uint8Array {
  const changed = Buffer.from(batch);
  changed.writeUInt32LE(count, 4);
  return changed;
}
