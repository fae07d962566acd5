import type { Edge, Flow, LiveMessage, LiveRequest, Reading, Series } from '@luban/contracts';
import { type Liveness, liveness } from './liveness.ts';
import { createStore, type Store } from './store.ts';

/**
 * The page's one connection to `/api/v1/live`: opens again by itself, asks for what is on screen and nothing more, and
 * keeps one store a series, so that a new value renders one cell.
 */
export interface Live {
  start(): void;
  stop(): void;
  readonly liveness: Store<Liveness>;
  readonly flow: Store<Flow | null>;
  readonly edges: Store<readonly Edge[] | null>;
  reading(series: number): Store<Reading | null>;
  /** Puts a reading that came another way; an older one than is there is left out. */
  put(series: number, reading: Reading): void;
  /** Asks for these until the returned function is called. */
  watch(what: { series?: readonly number[]; flow?: boolean; edges?: boolean }): () => void;
  /** The platform's clock, ms since 1970 UTC. */
  nowMs(): number;
}

const openLimitMs = 6000;

export function createLive(open: () => WebSocket): Live {
  const state = createStore<Liveness>({ state: 'connecting' });
  const flow = createStore<Flow | null>(null);
  const edges = createStore<readonly Edge[] | null>(null);
  const readings = new Map<number, Store<Reading | null>>();
  const watchers = new Map<symbol, { series?: readonly number[]; flow?: boolean; edges?: boolean }>();
  let socket: WebSocket | null = null;
  let running = false;
  let startedMs = 0;
  let heardMs: number | null = null;
  let closedMs: number | null = null;
  let offsetMs = 0;
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let asking: ReturnType<typeof setTimeout> | undefined;
  let watch: ReturnType<typeof setInterval> | undefined;

  function check(): void {
    const next = liveness(Date.now(), startedMs, heardMs, closedMs);
    const now = state.get();
    if (next.state !== now.state || (next.state === 'lost' && now.state === 'lost' && next.sinceMs !== now.sinceMs))
      state.set(next);
  }

  function ask(): void {
    asking = undefined;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const series = new Set<Series>();
    for (const watcher of watchers.values()) for (const one of watcher.series ?? []) series.add(one as Series);
    const all = [...watchers.values()];
    const request: LiveRequest = {
      series: [...series].slice(0, 20_000),
      flow: all.some((watcher) => watcher.flow),
      edges: all.some((watcher) => watcher.edges),
    };
    socket.send(JSON.stringify(request));
  }
  /** A page that opens asks once, not once a cell. */
  function askSoon(): void {
    asking ??= setTimeout(ask, 30);
  }

  function store(series: number): Store<Reading | null> {
    let found = readings.get(series);
    if (found === undefined) {
      found = createStore<Reading | null>(null);
      readings.set(series, found);
    }
    return found;
  }
  function put(series: number, reading: Reading): void {
    const target = store(series);
    const held = target.get();
    if (held === null || reading.time >= held.time) target.set(reading);
  }

  function hear(message: LiveMessage): void {
    heardMs = Date.now();
    switch (message.type) {
      case 'readings':
        for (const { series, reading } of message.readings) put(series, reading);
        break;
      case 'flow':
        flow.set(message.flow);
        break;
      case 'edges':
        edges.set(message.edges);
        break;
      case 'alive':
        offsetMs = message.timeMs - Date.now();
        break;
      case 'refused':
        console.error('The platform refused what this page asked to watch:', message.message);
        break;
      default:
        message satisfies never; // a newer platform may say more than this console knows
    }
    check();
  }

  function connect(): void {
    const opened = open();
    socket = opened;
    // A server that hangs takes the connection and never answers.
    const patience = setTimeout(() => opened.readyState === WebSocket.CONNECTING && abandon(opened), openLimitMs);
    opened.onopen = () => {
      clearTimeout(patience);
      failures = 0;
      closedMs = null;
      heardMs = Date.now();
      check();
      ask();
    };
    opened.onmessage = (event) => hear(JSON.parse(String(event.data)) as LiveMessage);
    opened.onclose = () => {
      clearTimeout(patience);
      if (running && socket === opened) connectLater();
    };
  }

  function connectLater(): void {
    socket = null;
    closedMs ??= Date.now();
    const waitMs = Math.min(5000, 400 * 2 ** failures++) * (0.7 + Math.random() * 0.6);
    retry = setTimeout(connect, waitMs);
  }

  /** Leaves a connection behind without waiting for its goodbye, which may take a minute. */
  function abandon(left: WebSocket): void {
    left.onclose = null;
    left.onmessage = null;
    left.close();
    if (running && socket === left) connectLater();
  }

  return {
    liveness: state,
    flow,
    edges,
    reading: store,
    put,
    nowMs: () => Date.now() + offsetMs,
    start() {
      if (running) return;
      running = true;
      startedMs = Date.now();
      heardMs = null;
      closedMs = null;
      state.set({ state: 'connecting' });
      watch = setInterval(() => {
        check();
        // A half-open connection never closes by itself: after silence, drop it and begin again.
        if (state.get().state === 'lost' && socket?.readyState === WebSocket.OPEN) abandon(socket);
      }, 500);
      connect();
    },
    stop() {
      running = false;
      clearTimeout(retry);
      clearTimeout(asking);
      asking = undefined;
      clearInterval(watch);
      socket?.close();
      socket = null;
      readings.clear();
      flow.set(null);
      edges.set(null);
    },
    watch(what) {
      const key = Symbol();
      watchers.set(key, what);
      askSoon();
      return () => {
        watchers.delete(key);
        askSoon();
      };
    },
  };
}
