import type {
  AccessKey,
  Binding,
  ClientCertificate,
  Edge,
  EdgeAccount,
  EdgeEvent,
  Flow,
  Job,
  LatestReading,
  Me,
  MqttClient,
  MqttClientDetail,
  Page,
  PageOfServers,
  Reading,
  RefusedKey,
  Retention,
  SeriesAggregates,
  SeriesBuckets,
  SeriesReadings,
  Server,
  Site,
  ThingAccount,
  ThingKey,
  ThingModel,
  User,
} from '@luban/contracts';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { ListedDevice, ListedGap, ListedPoint, ListedThing, Tagged } from './api-types.ts';
import { api, type Query } from './request.ts';

/** Every read of the API that a page makes, with its cache key. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => api.get<Me>('/me', undefined, signal),
  staleTime: 60_000,
});
export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => api.get<{ needed: boolean }>('/setup', undefined, signal),
});
export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) => api.get<Page<Tagged<User>>>('/users', { limit: 1000 }, signal),
});
export const serversQuery = queryOptions({
  queryKey: ['servers'],
  queryFn: ({ signal }) => api.get<{ items: Server[] }>('/servers', undefined, signal),
  // As often as servers beat.
  refetchInterval: 2000,
});
export const accessKeysQuery = infiniteQueryOptions({
  queryKey: ['access-keys'],
  queryFn: ({ pageParam, signal }) =>
    api.get<Page<AccessKey>>('/access-keys', { cursor: pageParam, limit: 200 }, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next,
});
export const clientCertificatesQuery = infiniteQueryOptions({
  queryKey: ['client-certificates'],
  queryFn: ({ pageParam, signal }) =>
    api.get<Page<ClientCertificate>>('/client-certificates', { cursor: pageParam, limit: 200 }, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next,
});
export const mqttClientsQuery = (q: string) =>
  infiniteQueryOptions({
    queryKey: ['mqtt-clients', q],
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOfServers<MqttClient>>('/mqtt-clients', { q, cursor: pageParam, limit: 200 }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    // Every page that was asked for is read again; a long list less often.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 3 ? 30_000 : 3000),
  });
export const mqttClientQuery = (owner: string, clientId: string) =>
  queryOptions({
    queryKey: ['mqtt-client', owner, clientId],
    queryFn: ({ signal }) => api.get<MqttClientDetail>(`/mqtt-clients/${owner}`, { clientId }, signal),
    refetchInterval: 5000,
  });
export const sitesQuery = queryOptions({
  queryKey: ['sites'],
  queryFn: ({ signal }) => api.get<Page<Tagged<Site>>>('/sites', { limit: 1000 }, signal),
  staleTime: 30_000,
});
export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: ({ signal }) => api.get<Page<ThingModel>>('/thing-models', { limit: 1000 }, signal),
  staleTime: 30_000,
});
export const modelQuery = (id: string) =>
  queryOptions({
    queryKey: ['model', id],
    queryFn: ({ signal }) => api.get<ThingModel>(`/thing-models/${id}`, undefined, signal),
    staleTime: 30_000,
  });
export const flowQuery = queryOptions({
  queryKey: ['flow'],
  queryFn: ({ signal }) => api.get<Flow>('/flow', undefined, signal),
});

export interface ThingFilter {
  q?: string;
  site?: string;
  edge?: string;
  state?: string;
}
export const thingsQuery = (filter: ThingFilter, limit = 200) =>
  infiniteQueryOptions({
    queryKey: ['things', filter, limit],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<ListedThing>>('/things', { ...filter, cursor: pageParam, limit }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    // Every page that was scrolled to is read again; a long list less often.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 3 ? 30_000 : 5000),
  });
export const thingQuery = (id: string) =>
  queryOptions({
    queryKey: ['thing', id],
    queryFn: ({ signal }) => api.get<ListedThing>(`/things/${id}`, undefined, signal),
    refetchInterval: 2000,
  });
export const thingKeysQuery = (id: string) =>
  queryOptions({
    queryKey: ['thing-keys', id],
    queryFn: ({ signal }) => api.get<Page<ThingKey>>(`/things/${id}/keys`, undefined, signal),
  });
export const refusedValuesQuery = (id: string) =>
  queryOptions({
    queryKey: ['refused-values', id],
    queryFn: ({ signal }) => api.get<PageOfServers<RefusedKey>>(`/things/${id}/refused-values`, undefined, signal),
    refetchInterval: 5000,
  });

/** Every page of a list, joined. The API gives at most 1,000 a page. */
async function all<T>(path: string, query: Query, signal: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await api.get<Page<T>>(path, { ...query, cursor, limit: 1000 }, signal);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && !signal.aborted);
  return items;
}
export const thingPointsQuery = (thing: string) =>
  queryOptions({
    queryKey: ['points', 'of', thing],
    queryFn: ({ signal }) => all<ListedPoint>('/points', { thing }, signal),
    staleTime: 15_000,
  });
/** The points of the thing with this key; null when there is none. */
export async function pointsOfKey(key: string, signal: AbortSignal): Promise<readonly ListedPoint[] | null> {
  const found = (await all<ListedThing>('/things', { q: key.slice(0, 100) }, signal)).find((one) => one.key === key);
  return found === undefined ? null : all<ListedPoint>('/points', { thing: found.id }, signal);
}
export const pointsQuery = (q: string) =>
  infiniteQueryOptions({
    queryKey: ['points', 'search', q],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<ListedPoint>>('/points', { q, cursor: pageParam, limit: 200 }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    staleTime: 15_000,
  });

/** The points behind series numbers. Stops as soon as every one is found; a deleted one stays out. */
export const pointsOfSeriesQuery = (series: readonly number[]) =>
  queryOptions({
    queryKey: ['points', 'series', series.join(',')],
    queryFn: async ({ signal }) => {
      const wanted = new Set(series);
      const found = new Map<number, ListedPoint>();
      let cursor: string | null = null;
      do {
        const page: Page<ListedPoint> = await api.get<Page<ListedPoint>>(
          '/points',
          { series: series.join(','), cursor, limit: 1000 },
          signal,
        );
        for (const point of page.items) if (wanted.has(point.series)) found.set(point.series, point);
        cursor = found.size === wanted.size ? null : page.next;
      } while (cursor !== null && !signal.aborted);
      return series.flatMap((one) => found.get(one) ?? []);
    },
    staleTime: 60_000,
  });

export const latestOfThingQuery = (thing: string) =>
  queryOptions({
    queryKey: ['latest', 'of', thing],
    queryFn: ({ signal }) => api.get<{ items: LatestReading[] }>('/readings/latest', { thing }, signal),
    staleTime: 5000,
    // A sample that comes after this read and before the live connection listens is caught by the next read.
    refetchInterval: (query) => (query.state.dataUpdateCount < 3 ? 1500 : 15_000),
  });

export interface Span {
  series: readonly number[];
  /** µs since 1970 UTC. */
  from: number;
  to: number;
}
const spanQuery = ({ series, from, to }: Span) => ({ series: series.join(','), from, to });
export const readBuckets = (span: Span, count: number, signal?: AbortSignal) =>
  api.get<{ items: SeriesBuckets[] }>('/readings/buckets', { ...spanQuery(span), count }, signal);
export const readAggregates = (span: Span, interval: number, functions: string, signal?: AbortSignal) =>
  api.get<{ items: SeriesAggregates[] }>(
    '/readings/aggregate',
    { ...spanQuery(span), interval, function: functions },
    signal,
  );
export const retentionQuery = queryOptions({
  queryKey: ['retention'],
  queryFn: ({ signal }) => api.get<Tagged<Retention>>('/retention', undefined, signal),
});
export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: ({ signal }) => api.get<Page<Job>>('/jobs', { limit: 50 }, signal),
  refetchInterval: (query) => (query.state.data?.items.some(({ finishedAt }) => finishedAt === null) ? 1000 : 10_000),
});
export const readRange = (span: Span, limit: number, signal?: AbortSignal) =>
  api.get<{ items: SeriesReadings[] }>('/readings/range', { ...spanQuery(span), limit }, signal);

export const edgesQuery = queryOptions({
  queryKey: ['edges'],
  queryFn: ({ signal }) => api.get<Page<Edge>>('/edges', { limit: 1000 }, signal),
  refetchInterval: 10_000,
});
export const edgeQuery = (id: string) =>
  queryOptions({
    queryKey: ['edge', id],
    queryFn: ({ signal }) => api.get<Edge>(`/edges/${id}`, undefined, signal),
    refetchInterval: 5000,
  });
export const thingAccountQuery = (id: string) =>
  queryOptions({
    queryKey: ['thing', id, 'account'],
    queryFn: ({ signal }) => api.get<ThingAccount>(`/things/${id}/account`, undefined, signal),
    refetchInterval: 2000,
  });
export const edgeAccountQuery = (id: string) =>
  queryOptions({
    queryKey: ['edge', id, 'account'],
    queryFn: ({ signal }) => api.get<EdgeAccount>(`/edges/${id}/account`, undefined, signal),
    refetchInterval: 2000,
  });
export const devicesQuery = (edge: string) =>
  queryOptions({
    queryKey: ['devices', edge],
    queryFn: ({ signal }) => api.get<Page<ListedDevice>>('/devices', { edge, limit: 1000 }, signal),
    refetchInterval: 3000,
  });
export const deviceQuery = (id: string) =>
  queryOptions({
    queryKey: ['device', id],
    queryFn: ({ signal }) => api.get<ListedDevice>(`/devices/${id}`, undefined, signal),
    refetchInterval: 3000,
  });
export interface BoundPoint {
  binding: Binding;
  point: ListedPoint;
}
/** So many series fit into one address. */
const seriesAtOnce = 500;
/** What a device delivers, each with its point and the newest reading put where live readings go. */
export const boundPointsQuery = (device: string, put: (series: number, reading: Reading) => void) =>
  queryOptions({
    queryKey: ['bindings', device],
    queryFn: async ({ signal }): Promise<BoundPoint[]> => {
      const bindings = await all<Binding>(`/devices/${device}/bindings`, {}, signal);
      const points = new Map<number, ListedPoint>();
      for (let at = 0; at < bindings.length; at += seriesAtOnce) {
        const series = bindings
          .slice(at, at + seriesAtOnce)
          .map((one) => one.series)
          .join(',');
        for (const point of await all<ListedPoint>('/points', { series }, signal)) points.set(point.series, point);
        const { items } = await api.get<{ items: LatestReading[] }>('/readings/latest', { series }, signal);
        for (const { series: one, reading } of items) if (reading !== null) put(one, reading);
      }
      return bindings.flatMap((binding) => {
        const point = points.get(binding.series);
        return point === undefined ? [] : [{ binding, point }];
      });
    },
    staleTime: 15_000,
  });
export const gapsQuery = (edge: string, open: boolean) =>
  infiniteQueryOptions({
    queryKey: ['gaps', edge, open],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<ListedGap>>(
        `/edges/${edge}/gaps`,
        { open: open ? true : undefined, cursor: pageParam, limit: 100 },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    refetchInterval: 5000,
  });
export const eventsQuery = (edge: string) =>
  infiniteQueryOptions({
    queryKey: ['events', edge],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<EdgeEvent>>(`/edges/${edge}/events`, { cursor: pageParam, limit: 100 }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    refetchInterval: 3000,
  });
