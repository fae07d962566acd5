import { tmpdir } from 'node:os';
import { qualityReason, type SampleValue } from '@luban/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConformanceRig, itConforms, type Recorded, record, until } from '../driver-conformance.ts';
import { startModbusRig } from './modbus-rig.ts';

itConforms('Modbus TCP', startModbusRig);

describe('writing to a Modbus device', { timeout: 30_000 }, () => {
  let rig: ConformanceRig;
  let recorded: Recorded;
  beforeAll(async () => {
    rig = await startModbusRig();
    recorded = record(rig.device(rig.port), tmpdir());
    await recorded.driver.start();
    await until('all points are read', () => recorded.last('discrete') !== undefined);
  }, 30_000);
  afterAll(async () => {
    await recorded.driver.stop();
    await rig.stop();
  });

  it.each<[string, SampleValue]>([
    ['int16', -5],
    ['float', 1.5],
    ['float, low word first', -0.25],
    ['int64', -7],
    ['string', '鲁班'],
    ['coil', false],
    ['bit', false],
  ])('changes %s at the device', async (name, value) => {
    const point = recorded.last(name)!.point;
    await recorded.driver.write(point, value);
    const [reading] = await recorded.driver.read([point]);
    expect(reading?.value).toEqual(value);
  });

  it('changes only the one bit of a register', async () => {
    const bit = recorded.last('bit')!.point;
    if (bit.address.protocol !== 'modbus-tcp') throw new TypeError('not a Modbus point');
    const word = { ...bit, address: { ...bit.address, encoding: 'uint16' as const } };
    await recorded.driver.write(bit, true);
    expect((await recorded.driver.read([word]))[0]?.value).toBe(0x8001);
    await recorded.driver.write(bit, false);
    expect((await recorded.driver.read([word]))[0]?.value).toBe(1);
  });

  it('refuses what is read-only or does not fit, with the cause', async () => {
    for (const [name, value] of [
      ['input', 1],
      ['discrete', true],
      ['coil', 'on'],
      ['int16', 40_000],
    ] as const) {
      const point = recorded.last(name)!.point;
      await expect(recorded.driver.write(point, value)).rejects.toMatchObject({ code: 'modbus.write-unfit' });
    }
  });

  it('gives a reading for each point that is asked for, even after it has stopped', async () => {
    const points = ['int16', 'wrong', 'coil'].map((name) => recorded.last(name)!.point);
    const reasons = async () =>
      Object.fromEntries(
        (await recorded.driver.read(points)).map(({ point, quality }) => [point.name, qualityReason(quality)]),
      );
    expect(await reasons()).toEqual({ int16: 'good', wrong: 'configuration', coil: 'good' });
    await recorded.driver.stop();
    expect(await reasons()).toEqual({ int16: 'notConnected', wrong: 'notConnected', coil: 'notConnected' });
    await expect(recorded.driver.write(points[0]!, 1)).rejects.toMatchObject({ code: 'device.not-connected' });
  });
});
