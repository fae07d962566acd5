import { type Batch, type Json, kindOf, packStatus, qualityCode } from '@luban/contracts';
import { plainValue, propertyOf } from './metric-value.ts';
import type { Metric } from './sparkplug-payload.ts';

/** Where a metric's values go, since its birth. */
export interface BoundMetric {
  /** 0: to no point. */
  readonly series: number;
  /** Not a value at all, as a control or a template: what goes to no point is not missed. */
  readonly isPoint: boolean;
  readonly datatype: number;
}

const good = qualityCode('good');
const noValue = qualityCode('bad');
const notANumber = qualityCode('notANumber');

/** Columns of samples that fill up to a known number. */
export class MetricBatch {
  readonly #series: Uint32Array;
  readonly #time: Float64Array;
  readonly #value: Float64Array;
  readonly #status: Uint16Array;
  readonly #texts: string[] = [];
  readonly #backlog: boolean;
  count = 0;

  constructor(most: number, backlog: boolean) {
    this.#series = new Uint32Array(most);
    this.#time = new Float64Array(most);
    this.#value = new Float64Array(most);
    this.#status = new Uint16Array(most);
    this.#backlog = backlog;
  }

  /** `timeUs`: µs since 1970 UTC. Throws SparkplugError when the value is not of its type. */
  add({ series, datatype }: Omit<BoundMetric, 'isPoint'>, metric: Metric, timeUs: number): void {
    const quality = metric.properties === null ? good : qualityOf(metric);
    if (metric.isNull || metric.kind === 'none') {
      this.put(series, timeUs, null, quality === good ? noValue : bad(quality));
      return;
    }
    // What nearly every metric is, without a detour.
    if (metric.kind === 'double' || metric.kind === 'float') {
      if (Number.isFinite(metric.number))
        this.#row(series, timeUs, metric.number, packStatus(quality, false, 'number'));
      else this.put(series, timeUs, null, notANumber);
      return;
    }
    this.put(series, timeUs, plainValue(metric, datatype), quality);
  }

  put(series: number, timeUs: number, value: Json, quality: number): void {
    const kind = kindOf(value);
    const status = packStatus(kind === 'none' ? bad(quality) : quality, false, kind);
    if (kind === 'number' || kind === 'boolean') this.#row(series, timeUs, Number(value), status);
    else if (kind === 'none') this.#row(series, timeUs, 0, status);
    else {
      this.#row(series, timeUs, this.#texts.length, status);
      this.#texts.push(kind === 'string' ? (value as string) : JSON.stringify(value));
    }
  }

  #row(series: number, timeUs: number, value: number, status: number): void {
    const at = this.count++;
    this.#series[at] = series;
    this.#time[at] = timeUs;
    this.#value[at] = value;
    this.#status[at] = status;
  }

  done(): Batch {
    const { count } = this;
    return {
      count,
      sequence: 0,
      backlog: this.#backlog,
      series: this.#series.subarray(0, count),
      time: this.#time.subarray(0, count),
      value: this.#value.subarray(0, count),
      status: this.#status.subarray(0, count),
      texts: this.#texts,
    };
  }
}

/** A missing value needs a bad quality. */
function bad(quality: number): number {
  return quality >= 0x80 ? quality : noValue;
}

/** Sparkplug's quality property is OPC's of old: 0 bad, 192 good, 500 stale; between them the classes of OPC DA. */
function qualityOf(metric: Metric): number {
  const given = propertyOf(metric, 'Quality') ?? propertyOf(metric, 'quality');
  if (given === undefined || given === 192) return good;
  if (given === 500) return qualityCode('lastUsable');
  if (typeof given === 'number' && given > 192 && given < 256) return good;
  if (typeof given === 'number' && given >= 64 && given < 128) return qualityCode('uncertain');
  return noValue;
}
