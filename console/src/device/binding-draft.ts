import {
  type DataType,
  type DeviceAddress,
  type newBinding,
  type Protocol,
  type Refinement,
  refinement,
} from '@luban/contracts';
import type { z } from 'zod';
import type { ListedPoint } from '../api/api-types.ts';
import { type RowError, type SheetRow, sheetNumber } from '../design/sheet.ts';
import { bindingErrors as wrong } from '../language/device-texts.ts';
import type { Both } from '../language/language.tsx';
import { type Area, addressOf, type Encoding, type Found, modbusAddress } from './address-words.ts';

export type NewBinding = z.infer<typeof newBinding>;

/** One property on its way to an address; without a number or node id it stays unbound. */
export interface BindingDraft extends Record<keyof Refinement, number | null> {
  area: Area;
  address: number | null;
  encoding: Encoding;
  wordOrder: 'big' | 'little';
  bit: number | null;
  length: number | null;
  nodeId: string;
}

/** What an address of this type usually is. */
export function emptyBinding(type: DataType): BindingDraft {
  return {
    area: type === 'boolean' ? 'coil' : 'holding',
    address: null,
    encoding: type === 'string' ? 'string' : 'uint16',
    wordOrder: 'big',
    bit: null,
    length: null,
    nodeId: '',
    ...refinement.parse({}),
  };
}

export function isFilled(draft: BindingDraft, protocol: Protocol): boolean {
  return protocol === 'opc-ua' ? draft.nodeId.trim() !== '' : draft.address !== null;
}

export function bindingOf(
  draft: BindingDraft,
  protocol: Protocol,
  point: Pick<ListedPoint, 'thing' | 'key' | 'type'>,
): Found<NewBinding> {
  const { area, address, encoding, wordOrder, bit, length } = draft;
  const where =
    protocol === 'opc-ua'
      ? addressOf(protocol, draft.nodeId, point.type)
      : modbusAddress(
          {
            area,
            address: address ?? undefined,
            encoding,
            wordOrder,
            bit: bit ?? undefined,
            length: length ?? undefined,
          },
          point.type,
        );
  return joined(where, draft, point);
}

function joined(
  where: Found<DeviceAddress>,
  { scale, offset, deadband, minIntervalMs, maxIntervalMs }: Record<keyof Refinement, number | null>,
  point: Pick<ListedPoint, 'thing' | 'key'>,
): Found<NewBinding> {
  if ('error' in where) return where;
  const refined = refinement.safeParse({
    scale: scale ?? undefined,
    offset: offset ?? undefined,
    deadband: deadband ?? undefined,
    minIntervalMs: minIntervalMs ?? undefined,
    maxIntervalMs: maxIntervalMs ?? undefined,
  });
  if (!refined.success) return { error: wrong.refine };
  return { ok: { ...refined.data, thing: point.thing, property: point.key, address: where.ok } };
}

/** A first row of titles is none of the data. */
export function withoutTitles(rows: readonly SheetRow[]): SheetRow[] {
  return rows.filter(({ cells }, i) => i > 0 || !/^(thing|thing key|设备|设备标识)$/i.test(cells[0] ?? ''));
}

/**
 * Bindings from a sheet: thing key, property, address, scale, offset, deadband, shortest and longest interval (ms).
 * `pointsOf` holds the points of every thing that the sheet names, by the thing's key.
 */
export function bindingsOfSheet(
  rows: readonly SheetRow[],
  protocol: Protocol,
  pointsOf: ReadonlyMap<string, readonly ListedPoint[]>,
): { bindings: NewBinding[]; errors: RowError[] } {
  const bindings: NewBinding[] = [];
  const errors: RowError[] = [];
  const seen = new Set<number>();
  for (const { line, cells } of withoutTitles(rows)) {
    const found = bindingOfRow(cells, protocol, pointsOf, seen);
    if ('ok' in found) bindings.push(found.ok);
    else errors.push({ line, text: found.error });
  }
  return { bindings, errors };
}

function bindingOfRow(
  [thing = '', property = '', address = '', ...rest]: readonly string[],
  protocol: Protocol,
  pointsOf: ReadonlyMap<string, readonly ListedPoint[]>,
  seen: Set<number>,
): Found<NewBinding> {
  if (thing === '') return { error: wrong.noThing };
  const points = pointsOf.get(thing);
  if (points === undefined) return { error: said(wrong.thing, thing) };
  const point = points.find(({ key }) => key === property);
  if (point === undefined) return { error: said(wrong.property, property) };
  if (point.device !== null) return { error: wrong.taken };
  if (seen.has(point.series)) return { error: wrong.twice };
  const numbers = [0, 1, 2, 3, 4].map((i) => sheetNumber(rest[i]));
  if (numbers.includes(undefined)) return { error: wrong.number };
  seen.add(point.series);
  const [scale = null, offset = null, deadband = null, minIntervalMs = null, maxIntervalMs = null] = numbers;
  return joined(
    addressOf(protocol, address, point.type),
    { scale, offset, deadband, minIntervalMs, maxIntervalMs },
    point,
  );
}

function said(text: Both<(word: string) => string>, word: string): Both {
  return { zh: text.zh(word), en: text.en(word) };
}
