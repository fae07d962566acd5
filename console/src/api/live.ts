import type { Edge, Flow, Reading } from '@luban/contracts';
import { useEffect, useSyncExternalStore } from 'react';
import { createLive } from './live-connection.ts';
import type { Liveness } from './liveness.ts';
import { createStore } from './store.ts';

export const live = createLive(() => new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/live`));

export function useLiveness(): Liveness {
  return useSyncExternalStore(live.liveness.subscribe, live.liveness.get);
}

/** The newest reading of one series; only this component renders again when it changes. */
export function useReading(series: number): Reading | null {
  const store = live.reading(series);
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Keeps these series coming while the component is on screen. */
export function useWatchedSeries(series: readonly number[]): void {
  const key = series.join(',');
  useEffect(() => live.watch({ series: key === '' ? [] : key.split(',').map(Number) }), [key]);
}

export function useLiveFlow(): Flow | null {
  useEffect(() => live.watch({ flow: true }), []);
  return useSyncExternalStore(live.flow.subscribe, live.flow.get);
}

export function useLiveEdges(): readonly Edge[] | null {
  useEffect(() => live.watch({ edges: true }), []);
  return useSyncExternalStore(live.edges.subscribe, live.edges.get);
}

const second = createStore(0);
setInterval(() => second.set(Date.now()), 1000);

/** The platform's clock, ms since 1970 UTC; renders again every second. */
export function useNowMs(): number {
  useSyncExternalStore(second.subscribe, second.get);
  return live.nowMs();
}
