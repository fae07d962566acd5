/**
 * A Sparkplug B payload as it stands on the wire. Values keep their wire form, because what they mean depends on a
 * data type that data messages leave to the birth certificate: `metric-value.ts` says it.
 */
export interface Payload {
  /** ms since 1970 UTC; −1 when it has none. */
  timestamp: number;
  /** 0 … 255; −1 when it has none. */
  seq: number;
  readonly metrics: Metric[];
}

/** How a value stands on the wire. */
export type WireKind =
  | 'none'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'boolean'
  | 'string'
  | 'bytes'
  | 'dataset'
  | 'template'
  | 'properties'
  | 'property-list';

/** A value in its wire form. */
export interface WireValue {
  kind: WireKind;
  /** int, the low half of a long, float, double; a boolean as 0 or 1. */
  number: number;
  /** The high half of a long. */
  high: number;
  /** string, bytes, dataset, template, property sets. */
  object: string | Uint8Array | DataSet | Template | PropertySet | PropertySet[] | null;
}

export interface Metric extends WireValue {
  name: string | null;
  /** −1 when it has none. */
  alias: number;
  /** ms since 1970 UTC; −1 when it has none. */
  timestamp: number;
  /** `data-types.ts`; 0 when it has none. */
  datatype: number;
  historical: boolean;
  transient: boolean;
  isNull: boolean;
  properties: PropertySet | null;
}

/** A value with its own type: a property, an element of a data set, a template's parameter. */
export interface TypedValue extends WireValue {
  datatype: number;
  isNull: boolean;
}

export type PropertySet = Map<string, TypedValue>;

export interface DataSet {
  readonly columns: string[];
  readonly types: number[];
  readonly rows: WireValue[][];
}

export interface Template {
  version: string | null;
  reference: string | null;
  isDefinition: boolean;
  readonly metrics: Metric[];
  readonly parameters: { name: string; value: TypedValue }[];
}

export function emptyMetric(): Metric {
  return {
    kind: 'none',
    number: 0,
    high: 0,
    object: null,
    name: null,
    alias: -1,
    timestamp: -1,
    datatype: 0,
    historical: false,
    transient: false,
    isNull: false,
    properties: null,
  };
}

export function emptyValue(): TypedValue {
  return { kind: 'none', number: 0, high: 0, object: null, datatype: 0, isNull: false };
}
