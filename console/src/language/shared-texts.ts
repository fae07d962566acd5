import type { DeviceReport, Role, SiteLevel, ThingState } from '@luban/contracts';
import type { Both, Texts } from './language.tsx';

export const shared = {
  save: { zh: '保存', en: 'Save' },
  cancel: { zh: '取消', en: 'Cancel' },
  close: { zh: '关闭', en: 'Close' },
  remove: { zh: '删除', en: 'Delete' },
  edit: { zh: '编辑', en: 'Edit' },
  copy: { zh: '复制', en: 'Copy' },
  copied: { zh: '已复制', en: 'Copied' },
  retry: { zh: '重试', en: 'Try again' },
  search: { zh: '搜索', en: 'Search' },
  all: { zh: '全部', en: 'All' },
  name: { zh: '名称', en: 'Name' },
  key: { zh: '标识', en: 'Key' },
  state: { zh: '状态', en: 'State' },
  since: { zh: (when: string) => `自 ${when} 起`, en: (when: string) => `since ${when}` },
  for: { zh: (age: string) => `已 ${age}`, en: (age: string) => `for ${age}` },
  ago: { zh: (age: string) => `${age}前`, en: (age: string) => `${age} ago` },
  now: { zh: '刚刚', en: 'now' },
  lastKnown: { zh: '断开前', en: 'Was' },
  never: { zh: '从未', en: 'never' },
  none: { zh: '—', en: '—' },
  required: { zh: '必填', en: 'Required' },
  loadAgain: { zh: '重新载入', en: 'Load again' },
  loadMore: { zh: '加载更多', en: 'Load more' },
  loading: { zh: '正在加载…', en: 'Loading…' },
  traceId: { zh: '追踪号', en: 'Trace id' },
  errorTitle: { zh: '这里没能加载', en: 'This could not be loaded' },
  unreachableTitle: { zh: '平台没有应答', en: 'The platform does not answer' },
  missingTitle: { zh: '找不到', en: 'Not found' },
  deniedTitle: { zh: '没有权限', en: 'Not allowed' },
  stale: { zh: '已过期', en: 'Stale' },
  staleHint: {
    zh: (age: string) => `超过两个采集间隔没有新样本（${age}前）。此值不代表当前状态。`,
    en: (age: string) => `No sample for more than two intervals (${age} ago). This is not the present value.`,
  },
  noSample: { zh: '尚无样本', en: 'No sample yet' },
  simulated: { zh: '模拟', en: 'Simulated' },
  simulatedHint: { zh: '由模拟装置产生，不是真实测量', en: 'Made by a simulator, not measured' },
  yes: { zh: '是', en: 'On' },
  no: { zh: '否', en: 'Off' },
  serversSilent: {
    zh: (names: readonly string[]) => `服务器 ${names.join('、')} 没有应答`,
    en: (names: readonly string[]) =>
      names.length === 1 ? `The server ${names[0]} does not answer` : `The servers ${names.join(', ')} do not answer`,
  },
  serversSilentText: {
    zh: '那里的内容不在此列表中。请检查该服务器及其网络。',
    en: 'What is there is missing in this list. Check the server and its network.',
  },
} satisfies Texts;

export const thingStates: Record<ThingState, Both> = {
  online: { zh: '在线', en: 'Online' },
  degraded: { zh: '部分异常', en: 'Degraded' },
  offline: { zh: '离线', en: 'Offline' },
  unknown: { zh: '未接入', en: 'Not heard of' },
};

export const deviceStates: Record<DeviceReport['state'], Both> = {
  connecting: { zh: '连接中', en: 'Connecting' },
  online: { zh: '在线', en: 'Online' },
  degraded: { zh: '部分异常', en: 'Degraded' },
  offline: { zh: '离线', en: 'Offline' },
};

export const roleTexts: Record<Role, Both> = {
  owner: { zh: '所有者', en: 'Owner' },
  engineer: { zh: '工程师', en: 'Engineer' },
  operator: { zh: '操作员', en: 'Operator' },
  viewer: { zh: '访客', en: 'Viewer' },
};

export const siteLevelTexts: Record<SiteLevel, Both> = {
  enterprise: { zh: '企业', en: 'Enterprise' },
  site: { zh: '工厂', en: 'Site' },
  area: { zh: '车间', en: 'Area' },
  line: { zh: '产线', en: 'Line' },
  equipment: { zh: '工位', en: 'Equipment' },
};
