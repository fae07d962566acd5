import type { LineKind } from '../explorer/line-kind.ts';
import type { Last } from '../explorer/time-range.ts';
import type { Both, Texts } from './language.tsx';

export const explorerTexts = {
  title: { zh: '数据探索', en: 'Explorer' },
  add: { zh: '选择点', en: 'Choose points' },
  csv: { zh: '导出 CSV', en: 'CSV' },
  csvHint: { zh: '导出所选时段的每个样本，时间带时区偏移', en: 'Every sample of this time, with offset times' },
  earlier: { zh: '更早', en: 'Earlier' },
  later: { zh: '更晚', en: 'Later' },
  wider: { zh: '放宽时段', en: 'Show more time' },
  custom: { zh: '自定', en: 'Custom' },
  from: { zh: '开始', en: 'From' },
  to: { zh: '结束', en: 'To' },
  zone: { zh: (zone: string) => `工厂时区：${zone}`, en: (zone: string) => `Plant time: ${zone}` },
  apply: { zh: '应用', en: 'Apply' },
  wrongRange: { zh: '结束必须晚于开始', en: 'The end must be after the start' },
  empty: { zh: '选择要看的点', en: 'Choose what to look at' },
  emptyText: {
    zh: '可以把不同设备、不同单位的点放在同一时间轴上。地址会记住选择，可以直接分享。',
    en: 'Points of any things and units share one time axis. The address keeps the choice, so it can be shared.',
  },
  noData: { zh: '这个时段没有样本', en: 'No sample in this time' },
  noDataText: {
    zh: '换一个时段，或查看设备是否在线。',
    en: 'Choose another time, or look whether the thing is online.',
  },
  searchPoints: { zh: '按设备、点名或标识搜索', en: 'Search by thing, point or key' },
  noPoints: { zh: '没有匹配的点', en: 'No point matches' },
  noPointsText: {
    zh: '换个词试试；新设备要先有物模型才有点。',
    en: 'Try another word. A thing has points as soon as it has a model.',
  },
  chosen: { zh: (n: number) => `已选 ${n} 个`, en: (n: number) => `${n} chosen` },
  clear: { zh: '清除', en: 'Clear' },
  done: { zh: '完成', en: 'Done' },
  tooMany: { zh: '最多同时看 40 个点', en: 'At most 40 points at once' },
  point: { zh: '点', en: 'Point' },
  last: { zh: '最后', en: 'Last' },
  min: { zh: '最小', en: 'Min' },
  max: { zh: '最大', en: 'Max' },
  mean: { zh: '平均', en: 'Mean' },
  samples: { zh: '样本', en: 'Samples' },
  bad: { zh: '坏值', en: 'Bad' },
  gaps: { zh: '间断', en: 'Gaps' },
  hide: { zh: '显示或隐藏', en: 'Show or hide' },
  removePoint: { zh: '移除', en: 'Remove' },
  buckets: {
    zh: (width: string) => `每点为 ${width} 的平均，色带为最小至最大`,
    en: (width: string) => `Each dot is the mean of ${width}; the band is lowest to highest`,
  },
  raw: { zh: '每个样本', en: 'Every sample' },
  aggregated: {
    zh: (what: string, width: string) => `${what}，每点 ${width}`,
    en: (what: string, width: string) => `${what}, each dot ${width}`,
  },
  line: { zh: '曲线显示', en: 'The line shows' },
  legendBad: { zh: '坏值或不确定', en: 'Bad or uncertain' },
  legendGap: { zh: '线断开处没有样本', en: 'A broken line: no samples' },
  dragHint: { zh: '拖选放大', en: 'Drag to zoom in' },
  chartLabel: {
    zh: '历史曲线。左右方向键移动读数线，加号放大，减号缩小。',
    en: 'History chart. Left and right arrows move the cursor, plus zooms in, minus zooms out.',
  },
} satisfies Texts;

export const lastTexts: Record<Last, Both> = {
  '5m': { zh: '5 分', en: '5 min' },
  '15m': { zh: '15 分', en: '15 min' },
  '1h': { zh: '1 小时', en: '1 h' },
  '6h': { zh: '6 小时', en: '6 h' },
  '24h': { zh: '24 小时', en: '24 h' },
  '7d': { zh: '7 天', en: '7 d' },
  '30d': { zh: '30 天', en: '30 d' },
  '1y': { zh: '1 年', en: '1 y' },
};

export const lineTexts: Record<LineKind, Both> = {
  timeMean: { zh: '时间加权平均', en: 'Time-weighted mean' },
  mean: { zh: '样本平均', en: 'Mean of samples' },
  range: { zh: '最小与最大', en: 'Lowest and highest' },
  interpolated: { zh: '插值', en: 'Interpolated' },
  percentGood: { zh: '良好占比', en: 'Percent good' },
};
