import type { JobKind, JobState, RetentionScope } from '@luban/contracts';
import type { Both, Texts } from './language.tsx';

export const historyTexts = {
  title: { zh: '历史数据', en: 'History' },
  keep: { zh: '保存多久', en: 'How long it is kept' },
  keepHint: {
    zh: '样本之外还保存每分钟、每小时的汇总（最小、最大、平均等），长时段曲线由它们直接给出。更具体的规则优先：点位、物模型、全厂。过期的数据按整天删除，不能恢复。',
    en: 'Beside the samples, sums by minute and by hour (lowest, highest, mean …) are kept, and long charts come from them. The most specific rule holds: point, model, plant. What has expired is deleted by whole days and does not come back.',
  },
  for: { zh: '对象', en: 'For' },
  samples: { zh: '样本', en: 'Samples' },
  minutes: { zh: '分钟汇总', en: 'By minute' },
  hours: { zh: '小时汇总', en: 'By hour' },
  days: { zh: (n: number) => `${n} 天`, en: (n: number) => `${n} days` },
  forever: { zh: '永久', en: 'for ever' },
  daysHint: { zh: '天数；留空为永久', en: 'Days; empty: for ever' },
  byDefault: { zh: '默认', en: 'Default' },
  addRule: { zh: '添加规则', en: 'Add a rule' },
  editRule: { zh: '保存期限', en: 'How long to keep' },
  model: { zh: '物模型', en: 'Thing model' },
  series: { zh: '点位编号', en: 'Series number' },
  seriesHint: { zh: '见设备页各点位的详情', en: 'A point tells it on its thing’s page' },
  shorterWarning: {
    zh: '缩短期限会在数小时内删除更早的数据。',
    en: 'A shorter time deletes what is older within hours.',
  },
  disk: { zh: '占用磁盘', en: 'Disk use' },
  perDay: { zh: '每天样本', en: 'Samples a day' },
  perSample: { zh: '每个样本', en: 'A sample takes' },
  bytesPerDay: { zh: '每天增长', en: 'Grows each day' },
  inAYear: { zh: '一年后', en: 'After a year' },
  inTenYears: { zh: '十年后', en: 'After ten years' },
  estimateHint: {
    zh: '按最近七天的数据量和当前规则估算。',
    en: 'From what came in over the last seven days, by the present rules.',
  },
  noEstimate: { zh: '还没有足够的数据可供估算。', en: 'There is not enough data yet to tell.' },
  import: { zh: '导入历史数据', en: 'Read history in' },
  importHint: {
    zh: 'CSV 文件，首行为表头：time（带时区），thing 与 property（或 series），value，可选 quality。与“导出 CSV”的格式相同。任何一行有误则什么都不写入；重复导入不会产生重复数据。',
    en: 'A CSV file with a header: time (with its offset), thing and property (or series), value, and if you like quality. It is what the CSV export writes. When a row is wrong nothing is stored; the same file twice doubles nothing.',
  },
  choose: { zh: '选择 CSV 文件', en: 'Choose a CSV file' },
  uploading: { zh: '正在上传…', en: 'Sending…' },
  jobs: { zh: '任务', en: 'Jobs' },
  job: { zh: '任务', en: 'Job' },
  result: { zh: '结果', en: 'Result' },
  begun: { zh: '开始于', en: 'Begun' },
  noJobs: { zh: '没有导入或删除任务。', en: 'Nothing was read in or deleted.' },
  cancelJob: { zh: '停止', en: 'Stop' },
  accepted: {
    zh: (rows: string, points: number) => `${rows} 个样本，${points} 个点位`,
    en: (rows: string, points: number) => `${rows} samples, points: ${points}`,
  },
  deleted: { zh: (rows: string) => `删除了 ${rows} 个样本`, en: (rows: string) => `${rows} samples deleted` },
  wrongRows: {
    zh: (n: number) => `${n} 行有误，什么都没有写入`,
    en: (n: number) => `${n} rows are wrong; nothing was stored`,
  },
  line: { zh: (n: number) => `第 ${n} 行`, en: (n: number) => `Line ${n}` },
  deleteTitle: { zh: '删除所示时段的样本', en: 'Delete the samples of this time' },
  deleteHint: {
    zh: (n: string) => `将永久删除所选点位在此时段的 ${n} 个样本及其汇总。`,
    en: (n: string) => `${n} samples of the chosen points in this time, and their sums, will be gone for good.`,
  },
  deleteNone: { zh: '此时段没有样本。', en: 'There are no samples in this time.' },
  deleteConfirm: { zh: '永久删除', en: 'Delete for good' },
  deleteBegun: { zh: '删除已开始，进度见“历史数据”', en: 'The deletion has begun; History shows how far it is' },
} satisfies Texts;

export const scopeTexts: Record<RetentionScope, Both> = {
  tenant: { zh: '全厂', en: 'The whole plant' },
  model: { zh: '物模型', en: 'Model' },
  point: { zh: '点位', en: 'Point' },
};
export const jobKinds: Record<JobKind, Both> = {
  'delete-readings': { zh: '删除样本', en: 'Delete samples' },
  'import-samples': { zh: '导入文件', en: 'Read a file in' },
};
export const jobStates: Record<JobState, Both> = {
  waiting: { zh: '等待中', en: 'Waiting' },
  running: { zh: '进行中', en: 'Running' },
  done: { zh: '完成', en: 'Done' },
  failed: { zh: '失败', en: 'Failed' },
  cancelled: { zh: '已停止', en: 'Stopped' },
};
