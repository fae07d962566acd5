import type { Point } from '@luban/contracts';
import type { PlatformApi } from './platform-api.ts';

/** A thing with many number properties and a key of its own. */
export interface BenchThing {
  readonly id: string;
  readonly key: string;
  /** Series and property key of each point, by series. */
  readonly points: readonly { readonly series: number; readonly key: string }[];
}

export async function addModel(api: PlatformApi, key: string, properties: number): Promise<string> {
  const { id } = await api.post<{ id: string }>('/thing-models', {
    key,
    name: { zh: key, en: key },
    properties: Array.from({ length: properties }, (_, i) => ({
      key: propertyKey(i),
      name: { zh: propertyKey(i), en: propertyKey(i) },
      type: 'number',
      unit: null,
      range: null,
      decimals: null,
    })),
  });
  return id;
}

export function propertyKey(i: number): string {
  return `p${String(i).padStart(4, '0')}`;
}

export async function addThing(api: PlatformApi, model: string, name: string): Promise<BenchThing> {
  const { id } = await api.post<{ id: string }>('/things', { key: name, name, model, site: null });
  const { secret } = await api.post<{ secret: string }>(`/things/${id}/keys`, { name: 'bench' });
  const points: Point[] = [];
  for (let cursor = ''; ; ) {
    const page = await api.get<{ items: Point[]; next: string | null }>(`/points?thing=${id}&limit=1000${cursor}`);
    points.push(...page.items);
    if (page.next === null) return { id, key: secret, points };
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

/** So many things of one model, made through the API like everything here. */
export async function addFleet(
  api: PlatformApi,
  key: string,
  things: number,
  propertiesEach: number,
): Promise<BenchThing[]> {
  const model = await addModel(api, key, propertiesEach);
  const fleet: BenchThing[] = [];
  for (let i = 1; i <= things; i++) fleet.push(await addThing(api, model, `${key.toUpperCase()}-${i}`));
  return fleet;
}
