import type { Cause, LocalText } from '@luban/contracts';
import { causeOf } from '../device-fault.ts';

/** The exceptions of the standard, in words. */
const exceptions: Record<number, LocalText> = {
  1: { zh: '设备不支持该功能', en: 'the device does not have this function' },
  2: { zh: '设备没有该地址', en: 'the device does not have this address' },
  3: { zh: '设备不接受该值或数量', en: 'the device does not take this value or count' },
  4: { zh: '设备内部故障', en: 'the device failed inside' },
  5: { zh: '设备已接收，稍后完成', en: 'the device has taken the request and is not done' },
  6: { zh: '设备忙', en: 'the device is busy' },
  8: { zh: '设备存储校验错误', en: 'the device found its memory damaged' },
  10: { zh: '网关没有通往该站号的路径', en: 'the gateway has no path to this unit' },
  11: { zh: '网关后的设备没有应答', en: 'the device behind the gateway does not answer' },
};

function exceptionText(exception: number): LocalText {
  const known = exceptions[exception];
  const name = { zh: `Modbus 异常 ${exception}`, en: `Modbus exception ${exception}` };
  return known ? { zh: `${known.zh}（${name.zh}）`, en: `${known.en} (${name.en})` } : name;
}

export function pointRefused(name: string, exception: number): Cause {
  const { zh, en } = exceptionText(exception);
  return causeOf('modbus.point-refused', { zh: `无法读取 ${name}：${zh}`, en: `${name} cannot be read: ${en}` });
}

export function pointImpossible(name: string): Cause {
  return causeOf('modbus.point-impossible', {
    zh: `${name} 的 Modbus 地址有误：字符串需要长度，且末尾地址不得超过 65535，也不得超过每次读取的寄存器数`,
    en: `The Modbus address of ${name} is wrong: a string needs a length, and no point may end beyond address 65535 or be longer than one read`,
  });
}

export function pollOverrun(tookMs: number, intervalMs: number): Cause {
  return causeOf(
    'modbus.poll-overrun',
    {
      zh: `读完一轮的时间长于采集周期 ${intervalMs} ms，有的周期被跳过：请延长周期或减少点数`,
      en: `One round of reads takes longer than its interval of ${intervalMs} ms, so rounds are skipped: lengthen the interval or read fewer points`,
    },
    `${Math.round(tookMs)} ms`,
  );
}

export function writeRefused(name: string, exception: number): Cause {
  const { zh, en } = exceptionText(exception);
  return causeOf('modbus.write-refused', { zh: `无法写入 ${name}：${zh}`, en: `${name} was not written: ${en}` });
}

export function writeUnfit(name: string): Cause {
  return causeOf('modbus.write-unfit', {
    zh: `该值不适合 ${name} 的编码，或该区域只读`,
    en: `The value does not fit the encoding of ${name}, or its area is read-only`,
  });
}
