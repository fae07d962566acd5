import type { Texts } from './language.tsx';

export const shell = {
  brand: { zh: '鲁班', en: 'Luban' },
  product: { zh: '开放的产业互联网平台', en: 'The open industrial internet platform' },
  overview: { zh: '总览', en: 'Overview' },
  things: { zh: '设备', en: 'Things' },
  explorer: { zh: '数据探索', en: 'Explorer' },
  edges: { zh: '边缘网关', en: 'Edges' },
  history: { zh: '历史数据', en: 'History' },
  users: { zh: '用户', en: 'Users' },
  more: { zh: '更多', en: 'More' },
  navigation: { zh: '主导航', en: 'Main navigation' },
  skip: { zh: '跳到内容', en: 'Skip to content' },
  language: { zh: 'English', en: '中文' },
  dark: { zh: '深色', en: 'Dark' },
  light: { zh: '浅色', en: 'Light' },
  account: { zh: '我的账号', en: 'My account' },
  newPassword: { zh: '新密码', en: 'New password' },
  newPasswordHint: {
    zh: '留空则不修改；至少 10 个字符。修改后其他登录会退出。',
    en: 'Empty: stays as it is. At least 10 characters. Every other session is signed out.',
  },
  currentPassword: { zh: '当前密码', en: 'Present password' },
  currentPasswordHint: { zh: '账号尚无密码时留空', en: 'Empty while the account has none' },
  accountSaved: { zh: '账号已保存', en: 'Your account is saved' },
  signOut: { zh: '退出登录', en: 'Sign out' },
  connecting: { zh: '正在连接', en: 'Connecting' },
  live: { zh: '实时', en: 'Live' },
  lost: { zh: '已断开', en: 'Not live' },
  lostTitle: {
    zh: (when: string) => `平台自 ${when} 起没有应答`,
    en: (when: string) => `The platform has not answered since ${when}`,
  },
  lostText: {
    zh: '页面上的数值都停在那一刻，不是现在的值。正在自动重连；若持续不通，请检查服务器进程与网络。',
    en: 'Every value on this page stopped then; none is the present one. Reconnecting by itself. If it lasts, check the server process and the network.',
  },
  channelTitle: {
    zh: (when: string) => `实时通道自 ${when} 起中断`,
    en: (when: string) => `The live connection has been down since ${when}`,
  },
  channelText: {
    zh: '平台仍然应答，但实时数据送不到本页（代理可能拦截了 WebSocket）。正在自动重连。',
    en: 'The platform answers, but live data does not reach this page (a proxy may block WebSocket). Reconnecting by itself.',
  },
  notFound: { zh: '没有这个页面', en: 'There is no such page' },
  notFoundText: {
    zh: '地址可能写错，或内容已被删除。',
    en: 'The address may be wrong, or what it showed was deleted.',
  },
  toOverview: { zh: '回到总览', en: 'Go to the overview' },
  crashTitle: { zh: '页面出错了', en: 'This page failed' },
  crashText: {
    zh: '这是控制台自身的错误。重新加载通常可以恢复；数据不受影响。',
    en: 'This is a fault of the console itself. A reload usually mends it; no data is affected.',
  },
  reload: { zh: '重新加载', en: 'Reload' },
} satisfies Texts;
