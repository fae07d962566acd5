import { type Json, kindOf, type LocalText, type Point, type ValueKind } from '@luban/contracts';

const shownKeyLength = 80;

/** The commonest reason why a value is not taken. */
export const noSuchProperty: LocalText = { zh: '物模型中没有这个属性', en: 'no such property' };

const kinds: Record<ValueKind, string> = {
  number: '数值',
  boolean: '布尔',
  string: '字符串',
  json: 'JSON',
  none: '空值',
};

export function wrongKind({ type }: Pick<Point, 'type'>, value: Json): LocalText {
  const kind = kindOf(value);
  return kind === 'none'
    ? { zh: '空值不是值', en: 'null is no value' }
    : { zh: `应为${kinds[type]}，收到的是${kinds[kind]}`, en: `must be a ${type}, not a ${kind}` };
}

/** A stranger's key, cut to what fits an answer. */
export function shown(key: string): string {
  return key.length > shownKeyLength ? `${key.slice(0, shownKeyLength)}…` : key;
}
