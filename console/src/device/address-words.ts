import {
  type DataType,
  type DeviceAddress,
  type Language,
  type ModbusTcpAddress,
  modbusTcpAddress,
  opcUaAddress,
  type Protocol,
} from '@luban/contracts';
import { areaTexts, addressErrors as wrong } from '../language/device-texts.ts';
import type { Both } from '../language/language.tsx';

export type Area = ModbusTcpAddress['area'];
export type Encoding = ModbusTcpAddress['encoding'];
export const areas: readonly Area[] = modbusTcpAddress.shape.area.options;
export const encodings: readonly Encoding[] = modbusTcpAddress.shape.encoding.unwrap().options;

/** Coils and discrete inputs are single bits: no encoding, no order. */
export function isBitArea(area: Area): boolean {
  return area === 'coil' || area === 'discrete';
}
/** Whether the order of words matters: more than one register. */
export function hasWordOrder(encoding: Encoding): boolean {
  return /32|64/.test(encoding);
}

/** `holding 100 float32 CDAB`: short, and read back by `addressOf`. */
export function addressText(address: DeviceAddress): string {
  if (address.protocol === 'opc-ua') return address.nodeId;
  return [address.area, ...modbusTail(address)].join(' ');
}

/** An address as a reader says it: `保持寄存器 100 · float32 · CDAB`. */
export function addressWords(address: DeviceAddress, language: Language): string {
  if (address.protocol === 'opc-ua') return address.nodeId;
  const [number, ...tail] = modbusTail(address);
  return [`${areaTexts[address.area][language]} ${number}`, ...tail].join(' · ');
}

function modbusTail({ area, address, encoding, wordOrder, bit, length }: ModbusTcpAddress): string[] {
  if (isBitArea(area)) return [String(address)];
  if (encoding === 'bit') return [`${address}.${bit ?? 0}`, 'bit'];
  const words = [String(address), encoding];
  if (encoding === 'string') words.push(`len${length ?? 1}`);
  if (hasWordOrder(encoding)) words.push(wordOrder === 'big' ? 'ABCD' : 'CDAB');
  return words;
}

export type Found<T> = { ok: T } | { error: Both };

/** What a person wrote for an address, for a point of `type`. */
export function addressOf(protocol: Protocol, text: string, type: DataType): Found<DeviceAddress> {
  if (text.trim() === '') return { error: wrong.none };
  if (protocol === 'opc-ua') {
    const parsed = opcUaAddress.safeParse({ nodeId: text.trim() });
    return parsed.success ? { ok: { protocol, ...parsed.data } } : { error: wrong.nodeId };
  }
  return modbusOf(text, type);
}

const areaWords: Record<string, Area> = {
  holding: 'holding',
  hr: 'holding',
  保持寄存器: 'holding',
  input: 'input',
  ir: 'input',
  输入寄存器: 'input',
  coil: 'coil',
  线圈: 'coil',
  discrete: 'discrete',
  di: 'discrete',
  离散输入: 'discrete',
};
const orders: Record<string, ModbusTcpAddress['wordOrder']> = {
  abcd: 'big',
  big: 'big',
  cdab: 'little',
  little: 'little',
};

/**
 * `holding 100 float32 CDAB`, `hr:100.3`, `coil 5`, `input 20 string len8`: the area and the zero-based address, then
 * what is known of the rest in any order. Without an encoding: uint16, or what the point's type asks for.
 */
function modbusOf(text: string, type: DataType): Found<DeviceAddress> {
  const [first = '', second = '', ...rest] = text
    .trim()
    .split(/[\s:,/·]+/)
    .filter(Boolean);
  const area = lookUp(areaWords, first);
  // 40001 means register 0 to some makers and register 1 to others: not to be guessed.
  if (area === undefined) return { error: /^[0-9]/.test(first) ? wrong.noArea : said(wrong.area, first) };
  const [, number, dotBit] = /^(\d+)(?:\.(\d+))?$/.exec(second) ?? [];
  if (number === undefined || Number(number) > 65_535) return { error: said(wrong.number, second) };
  let encoding: Encoding | undefined;
  let wordOrder: ModbusTcpAddress['wordOrder'] = 'big';
  let bit = dotBit === undefined ? undefined : Number(dotBit);
  let length: number | undefined;
  for (const word of rest.map((one) => one.toLowerCase())) {
    const [, named, value] = /^(bit|len)=?(\d+)$/.exec(word) ?? [];
    const order = lookUp(orders, word);
    if (named === 'bit') bit = Number(value);
    else if (named === 'len') length = Number(value);
    else if (order !== undefined) wordOrder = order;
    else if ((encodings as readonly string[]).includes(word)) encoding = word as Encoding;
    else if (word === 'float') encoding = 'float32';
    else if (word === 'double') encoding = 'float64';
    else return { error: said(wrong.word, word) };
  }
  encoding ??= bit !== undefined ? 'bit' : length !== undefined || type === 'string' ? 'string' : 'uint16';
  return modbusAddress({ area, address: Number(number), encoding, wordOrder, bit, length }, type);
}

/** Checks that the parts of an address fit each other and the point's type. */
export function modbusAddress(given: Partial<ModbusTcpAddress>, type: DataType): Found<DeviceAddress> {
  const parsed = modbusTcpAddress.safeParse(isBitArea(given.area ?? 'holding') ? { ...given, encoding: 'bit' } : given);
  if (!parsed.success) {
    const place = parsed.error.issues[0]?.path[0];
    if (place === 'bit') return { error: wrong.bit };
    if (place === 'length') return { error: wrong.length };
    return { error: said(wrong.number, String(given.address ?? '')) };
  }
  const { area, address, encoding, wordOrder, bit, length } = parsed.data;
  const bits = isBitArea(area);
  if (type === 'json') return { error: wrong.json };
  if ((type === 'string') !== (!bits && encoding === 'string')) return { error: wrong.string };
  if (bits) return { ok: { protocol: 'modbus-tcp', area, address, encoding: 'bit', wordOrder: 'big' } };
  if (encoding === 'bit' && bit === undefined) return { error: wrong.bit };
  if (encoding === 'string' && length === undefined) return { error: wrong.length };
  return {
    ok: {
      protocol: 'modbus-tcp',
      area,
      address,
      encoding,
      wordOrder: hasWordOrder(encoding) ? wordOrder : 'big',
      ...(encoding === 'bit' ? { bit } : {}),
      ...(encoding === 'string' ? { length } : {}),
    },
  };
}

function lookUp<T>(words: Record<string, T>, word: string): T | undefined {
  return Object.hasOwn(words, word.toLowerCase()) ? words[word.toLowerCase()] : undefined;
}
function said(text: Both<(word: string) => string>, word: string): Both {
  return { zh: text.zh(word), en: text.en(word) };
}
