import type { Flow, LocalText, StepState } from '@luban/contracts';
import { formatCount } from '../design/format-number.ts';
import { formatLag } from '../design/format-time.ts';

export const steps = ['devices', 'edges', 'ingest', 'storage'] as const;
export type Step = (typeof steps)[number];
export interface StepWords {
  state: StepState;
  text: LocalText;
}

const worst: readonly StepState[] = ['ok', 'idle', 'warning', 'broken'];
export function worstState(states: readonly StepState[]): StepState {
  return states.reduce((a, b) => (worst.indexOf(b) > worst.indexOf(a) ? b : a), 'ok');
}

/** What each step of the path has to say: what is wrong and how to mend it, or that it is well. */
export function flowWords(flow: Flow): Record<Step, StepWords> {
  return { devices: ofDevices(flow), edges: ofEdges(flow), ingest: ofIngest(flow), storage: ofStorage(flow) };
}

function ofDevices({ devices }: Flow): StepWords {
  const { online, degraded, offline, state } = devices;
  if (online + degraded + offline === 0)
    return {
      state: 'idle',
      text: {
        zh: '还没有采集设备。在“边缘网关”里为一个网关添加设备。',
        en: 'No device is collected yet. Add one to an edge under Edges.',
      },
    };
  if (offline > 0)
    return {
      state,
      text: {
        zh: `${offline} 台设备没有应答。请检查电源、网线与地址；原因见“边缘网关”。`,
        en: `${plural(offline, 'device does', 'devices do')} not answer. Check power, cable and address; Edges tells the cause.`,
      },
    };
  if (degraded > 0)
    return {
      state,
      text: {
        zh: `${degraded} 台设备有部分点读不出。请核对这些点的地址与类型。`,
        en: `${plural(degraded, 'device has', 'devices have')} points that cannot be read. Check their addresses and types.`,
      },
    };
  return { state, text: { zh: '全部设备都在应答。', en: 'Every device answers.' } };
}

/** An edge that was never enrolled is awaited, not missed. */
function isAway(edge: Flow['edges'][number]): boolean {
  return !edge.connected && edge.state !== 'idle';
}

function ofEdges({ edges }: Flow): StepWords {
  if (edges.length === 0)
    return {
      state: 'idle',
      text: {
        zh: '还没有边缘网关。接入一个，数据就会流动。',
        en: 'There is no edge yet. Enrol one and data flows.',
      },
    };
  const state = worstState(edges.map((edge) => edge.state));
  const away = edges.filter(isAway);
  const first = away[0];
  if (first !== undefined) {
    const more = away.length - 1;
    return {
      state,
      text: {
        zh: `${first.name}${more > 0 ? ` 等 ${away.length} 个网关` : ''}未连接；期间的样本存在网关上，恢复后补传。请检查网关电源与网络。`,
        en: `${first.name}${more > 0 ? ` and ${more} more` : ''} ${more > 0 ? 'are' : 'is'} not connected; samples stay on the edge and follow later. Check its power and network.`,
      },
    };
  }
  const ill = edges.find((edge) => edge.state !== 'ok' && edge.cause !== null);
  if (ill?.cause)
    return { state, text: { zh: `${ill.name}：${ill.cause.text.zh}`, en: `${ill.name}: ${ill.cause.text.en}` } };
  const backlog = edges.reduce((sum, edge) => sum + edge.backlogSamples, 0);
  if (state !== 'ok' && backlog > 0)
    return {
      state,
      text: {
        zh: `正在补传 ${formatCount(backlog, 'zh')} 个积压样本；实时数据优先。`,
        en: `${formatCount(backlog, 'en')} stored samples are being sent; live data goes first.`,
      },
    };
  return { state, text: { zh: '全部网关已连接，没有积压。', en: 'Every edge is connected; nothing waits.' } };
}

function ofIngest({ ingest, log }: Flow): StepWords {
  const state = worstState([ingest.state, log.state]);
  const cause = ingest.cause ?? log.cause;
  if (state !== 'ok' && cause !== null) return { state, text: cause.text };
  if (ingest.samplesPerSecond === 0)
    return {
      state: state === 'ok' ? 'idle' : state,
      text: { zh: '入口已打开，此刻没有数据到达。', en: 'The doors are open; nothing arrives right now.' },
    };
  return {
    state,
    text: { zh: '每个样本先写入日志，再确认。', en: 'Every sample is in the log before it is acknowledged.' },
  };
}

function ofStorage({ storage }: Flow): StepWords {
  const { state, cause, lagMs } = storage;
  if (state !== 'ok' && cause !== null) return { state, text: cause.text };
  if (state === 'ok' && lagMs === 0)
    return { state, text: { zh: '已确认的样本全部入库。', en: 'All that was acknowledged is stored.' } };
  if (state === 'ok' && lagMs !== null)
    return {
      state,
      text: {
        zh: `已确认的样本在 ${formatLag(lagMs, 'zh')} 内入库。`,
        en: `What was acknowledged is stored within ${formatLag(lagMs, 'en')}.`,
      },
    };
  return state === 'idle' || state === 'ok'
    ? { state, text: { zh: '存储就绪。', en: 'Storage is ready.' } }
    : {
        state,
        text: {
          zh: '存储跟不上；样本在日志里排队，不会丢失。请检查磁盘。',
          en: 'Storage falls behind; samples wait in the log and none is lost. Check the disk.',
        },
      };
}

function plural(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

export type LinkState = 'flowing' | 'strained' | 'broken' | 'idle';
/** The three links between the four steps. A broken link does not move. */
export function flowLinks(flow: Flow): [LinkState, LinkState, LinkState] {
  const { devices, edges, ingest, log, storage } = flow;
  const collected = edges.reduce((sum, edge) => sum + edge.samplesPerSecond, 0);
  const away = edges.filter(isAway).length;
  const first: LinkState =
    devices.online + devices.degraded === 0
      ? devices.offline > 0
        ? 'broken'
        : 'idle'
      : collected === 0
        ? 'idle'
        : devices.offline + devices.degraded > 0
          ? 'strained'
          : 'flowing';
  const second: LinkState =
    edges.length === 0
      ? 'idle'
      : away === edges.length || ingest.state === 'broken'
        ? 'broken'
        : ingest.samplesPerSecond === 0
          ? 'idle'
          : away > 0
            ? 'strained'
            : 'flowing';
  const third: LinkState =
    storage.state === 'broken' || log.state === 'broken'
      ? 'broken'
      : storage.samplesPerSecond === 0
        ? 'idle'
        : storage.state === 'warning' || log.state === 'warning'
          ? 'strained'
          : 'flowing';
  return [first, second, third];
}
