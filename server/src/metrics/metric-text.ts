import type { Histogram } from '../platform/histogram.ts';

type Labels = Readonly<Record<string, string>>;

/** Prometheus' text format, version 0.0.4: what every collector reads. */
export const metricTextType = 'text/plain; version=0.0.4; charset=utf-8';

/** Writes families one after another. A family's name must be used once. */
export class MetricText {
  #text = '';

  gauge(name: string, help: string, values: number | readonly (readonly [Labels, number])[]): this {
    return this.#family(name, 'gauge', help, values);
  }
  /** `name` ends with `_total`. */
  counter(name: string, help: string, values: number | readonly (readonly [Labels, number])[]): this {
    return this.#family(name, 'counter', help, values);
  }
  histogram(name: string, help: string, values: readonly (readonly [Labels, Histogram])[]): this {
    this.#head(name, 'histogram', help);
    for (const [labels, { bounds, counts, sumSeconds }] of values) {
      let below = 0;
      bounds.forEach((bound, i) => {
        below += counts[i]!;
        this.#line(`${name}_bucket`, { ...labels, le: String(bound) }, below);
      });
      const total = below + counts[bounds.length]!;
      this.#line(`${name}_bucket`, { ...labels, le: '+Inf' }, total);
      this.#line(`${name}_sum`, labels, sumSeconds);
      this.#line(`${name}_count`, labels, total);
    }
    return this;
  }
  toString(): string {
    return this.#text;
  }

  #family(name: string, type: string, help: string, values: number | readonly (readonly [Labels, number])[]): this {
    this.#head(name, type, help);
    if (typeof values === 'number') this.#line(name, {}, values);
    else for (const [labels, value] of values) this.#line(name, labels, value);
    return this;
  }
  #head(name: string, type: string, help: string): void {
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }
  #line(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    this.#text += `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
  }
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
