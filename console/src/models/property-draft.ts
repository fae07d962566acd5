import { type DataType, type Property, property, propertyKey, type Unit, units } from '@luban/contracts';
import { type RowError, sheetNumber, sheetRows } from '../design/sheet.ts';
import type { Both } from '../language/language.tsx';
import { propertyErrors as wrong } from '../language/models-texts.ts';

/** A property while it is typed: nothing in it needs to be right yet. */
export interface PropertyDraft {
  id: string;
  key: string;
  zh: string;
  en: string;
  type: DataType;
  unit: Unit | null;
  min: number | null;
  max: number | null;
  decimals: number | null;
}

export function emptyDraft(): PropertyDraft {
  return {
    id: crypto.randomUUID(),
    key: '',
    zh: '',
    en: '',
    type: 'number',
    unit: null,
    min: null,
    max: null,
    decimals: null,
  };
}

export function draftOf({ key, name, type, unit, range, decimals }: Property): PropertyDraft {
  return {
    ...emptyDraft(),
    key,
    zh: name.zh,
    en: name.en,
    type,
    unit,
    min: range?.[0] ?? null,
    max: range?.[1] ?? null,
    decimals,
  };
}

/** Nothing was typed into it. */
export function isBlank({ key, zh, en }: PropertyDraft): boolean {
  return key.trim() === '' && zh.trim() === '' && en.trim() === '';
}

/** The first thing that is wrong with a draft; null when it can be sent. */
export function draftError(draft: PropertyDraft, keysBefore: ReadonlySet<string>): Both | null {
  const key = draft.key.trim();
  if (key === '') return wrong.noKey;
  if (!propertyKey.safeParse(key).success) return wrong.badKey;
  if (keysBefore.has(key)) return { zh: wrong.twice.zh(key), en: wrong.twice.en(key) };
  if (draft.zh.trim() === '' && draft.en.trim() === '') return wrong.noName;
  if ((draft.min === null) !== (draft.max === null)) return wrong.halfRange;
  if (draft.min !== null && draft.max !== null && draft.min >= draft.max) return wrong.badRange;
  return property.safeParse(propertyOf(draft)).success ? null : wrong.tooLong;
}

/** A name that was given in one language only stands for both. */
export function propertyOf({ key, zh, en, type, unit, min, max, decimals }: PropertyDraft): Property {
  const number = type === 'number';
  return {
    key: key.trim(),
    name: { zh: zh.trim() || en.trim(), en: en.trim() || zh.trim() },
    type,
    unit: number ? unit : null,
    range: number && min !== null && max !== null ? [min, max] : null,
    decimals: number ? decimals : null,
    source: null,
  };
}

/** Errors of drafts that are not blank, by their id. */
export function draftErrors(drafts: readonly PropertyDraft[]): Map<string, Both> {
  const errors = new Map<string, Both>();
  const keys = new Set<string>();
  for (const draft of drafts) {
    if (isBlank(draft)) continue;
    const error = draftError(draft, keys);
    if (error !== null) errors.set(draft.id, error);
    keys.add(draft.key.trim());
  }
  return errors;
}

/**
 * Properties from a sheet: key, name zh, name en, type, unit, lowest, highest, decimals. Only the key and one name are
 * needed. A first row of titles is left out.
 */
export function draftsOfSheet(
  text: string,
  taken: readonly string[] = [],
): { drafts: PropertyDraft[]; errors: RowError[] } {
  const drafts: PropertyDraft[] = [];
  const errors: RowError[] = [];
  const keys = new Set(taken);
  sheetRows(text).forEach(({ line, cells }, i) => {
    if (i === 0 && /^(key|标识|property|属性)$/i.test(cells[0] ?? '')) return;
    const [key = '', zh = '', en = '', typeWord = '', unitWord = '', ...rest] = cells;
    const type = typeOf(typeWord);
    const unit = unitOf(unitWord);
    const [min, max, decimals] = [rest[0], rest[1], rest[2]].map(sheetNumber);
    if (type === undefined) errors.push({ line, text: both(wrong.badType, typeWord) });
    else if (unit === undefined) errors.push({ line, text: both(wrong.badUnit, unitWord) });
    else if (min === undefined || max === undefined || decimals === undefined)
      errors.push({ line, text: wrong.badNumber });
    else {
      const draft = { ...emptyDraft(), key, zh, en, type, unit, min, max, decimals };
      const error = draftError(draft, keys);
      keys.add(key);
      if (error === null) drafts.push(draft);
      else errors.push({ line, text: error });
    }
  });
  return { drafts, errors };
}

const types: Record<string, DataType> = {
  '': 'number',
  number: 'number',
  float: 'number',
  int: 'number',
  数值: 'number',
  数字: 'number',
  boolean: 'boolean',
  bool: 'boolean',
  布尔: 'boolean',
  开关: 'boolean',
  string: 'string',
  text: 'string',
  文本: 'string',
  字符串: 'string',
  json: 'json',
};
function typeOf(word: string): DataType | undefined {
  return Object.hasOwn(types, word.toLowerCase()) ? types[word.toLowerCase()] : undefined;
}

const spellings: Record<string, Unit> = { '℃': 'Cel', '℉': '[degF]', rpm: '/min', kW·h: 'kW.h', 度: 'kW.h' };

/**
 * A unit by its code, its symbol or its name; null for none, undefined for one that is not known. Letters keep their
 * case in codes and symbols: mW is not MW.
 */
export function unitOf(word: string): Unit | null | undefined {
  if (word === '' || word === '-' || word === '—') return null;
  if (Object.hasOwn(units, word)) return word as Unit;
  if (Object.hasOwn(spellings, word)) return spellings[word];
  for (const [code, { symbol, zh, en }] of Object.entries(units))
    if (symbol === word || zh === word || en === word.toLowerCase()) return code as Unit;
  return undefined;
}

function both(text: Both<(word: string) => string>, word: string): Both {
  return { zh: text.zh(word), en: text.en(word) };
}
