import type { LocalText } from './text.ts';

/**
 * How far a value can be trusted: the three classes of OPC UA status codes (Part 8), each with reasons.
 * On the wire and on disk a quality is one byte: class in the two high bits (0 good, 1 uncertain, 2 bad),
 * reason in the six low ones. A code's meaning never changes; new reasons get new numbers.
 */
export type QualityClass = 'good' | 'uncertain' | 'bad';
export type QualityCode = number & { readonly __quality: true };

const table = {
  good: { code: 0x00, text: { zh: '良好', en: 'Good' } },
  overridden: { code: 0x01, text: { zh: '人工置数', en: 'Manually overridden' } },
  uncertain: { code: 0x40, text: { zh: '不确定', en: 'Uncertain' } },
  lastUsable: { code: 0x41, text: { zh: '保持上次可用值', en: 'Last usable value' } },
  outOfRange: { code: 0x42, text: { zh: '超出工程量程', en: 'Outside the engineering range' } },
  inaccurate: { code: 0x43, text: { zh: '传感器不准', en: 'Sensor not accurate' } },
  substitute: { code: 0x44, text: { zh: '替代值', en: 'Substitute value' } },
  bad: { code: 0x80, text: { zh: '坏值', en: 'Bad' } },
  deviceSilent: { code: 0x81, text: { zh: '设备无应答', en: 'The device does not answer' } },
  deviceError: { code: 0x82, text: { zh: '设备报告错误', en: 'The device answered with an error' } },
  notConnected: { code: 0x83, text: { zh: '未连接', en: 'Not connected' } },
  configuration: { code: 0x84, text: { zh: '点位配置错误', en: 'The point is configured wrongly' } },
  sensorFailure: { code: 0x85, text: { zh: '传感器故障', en: 'Sensor failure' } },
  notANumber: { code: 0x86, text: { zh: '数值无效（NaN 或无穷）', en: 'Not a finite number' } },
  outOfService: { code: 0x87, text: { zh: '已停用', en: 'Out of service' } },
} as const satisfies Record<string, { code: number; text: LocalText }>;

export type QualityReason = keyof typeof table;
export const qualityReasons = Object.keys(table) as QualityReason[];

const byCode = new Map<number, QualityReason>(qualityReasons.map((reason) => [table[reason].code, reason]));

export function qualityCode(reason: QualityReason): QualityCode {
  return table[reason].code as QualityCode;
}

/** False for a byte that no reason of this version has: doors refuse it. */
export function isQualityCode(code: number): code is QualityCode {
  return byCode.has(code);
}

export function qualityClass(code: number): QualityClass {
  const high = code >> 6;
  return high === 0 ? 'good' : high === 1 ? 'uncertain' : 'bad';
}

/** The reason of a stored code; a code from a newer version falls back to its class. */
export function qualityReason(code: number): QualityReason {
  return byCode.get(code) ?? qualityClass(code);
}

export function qualityText(reason: QualityReason): LocalText {
  return table[reason].text;
}
