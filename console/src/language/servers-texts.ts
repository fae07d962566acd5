import type { Both, Texts } from './language.tsx';

export const serversTexts = {
  title: { zh: '服务器', en: 'Servers' },
  intro: {
    zh: '平台的各台服务器。接入服务器同时工作；写入服务器由一台主持，其余备用，主服务器停止后自动接管。',
    en: 'The servers of this platform. Doors work side by side; of the writers one leads, and the others stand by and take over when it is gone.',
  },
  introOne: {
    zh: '平台运行在一台服务器上，承担全部角色。单机不够用时，可通过配置扩展为多台（见文档 cluster.zh.md）。',
    en: 'This platform runs on one server, which does everything. When one machine is outgrown, several are a matter of configuration (cluster.md in the documentation).',
  },
  server: { zh: '服务器', en: 'Server' },
  roles: { zh: '角色', en: 'Roles' },
  version: { zh: '版本', en: 'Version' },
  started: { zh: '启动时间', en: 'Started' },
  heard: { zh: '最近心跳', en: 'Last beat' },
  asked: { zh: '本页由它应答', en: 'Answers this page' },
  none: { zh: '没有服务器', en: 'No servers' },
  noLeader: { zh: '当前没有主服务器', en: 'No server leads at the moment' },
  noLeaderText: {
    zh: '样本照常接收并写入日志，但不入库，也不处理任务。如有备用服务器，会在 12 秒内接管；若持续如此，请检查写入服务器及其与业务数据库的连接。',
    en: 'Samples are still taken into the log, but not stored, and no job is worked on. A stand-by, if there is one, takes over within 12 seconds; if this lasts, look at the writers and at their connection to the records.',
  },
  noStandBy: { zh: '没有备用的写入服务器', en: 'No writer stands by' },
  noStandByText: {
    zh: '主服务器一旦停止，在它恢复之前样本不再入库，任务也会停下。',
    en: 'Should the one that leads stop, nothing is stored and no job worked on until it is back.',
  },
  noDoor: { zh: '没有接入服务器在运行', en: 'No door is at work' },
  noDoorText: {
    zh: '网关和设备无法连接；它们会保留数据，待接入恢复后补传。',
    en: 'Edges and devices cannot connect; they keep what they collect and send it when a door is back.',
  },
  versions: { zh: '服务器版本不一致', en: 'Servers run different versions' },
  versionsText: {
    zh: '升级期间属于正常现象；升级完成后请确认全部服务器都已更新。',
    en: 'During an upgrade that is as it should be; see to it that all of them are upgraded in the end.',
  },
  silentHint: {
    zh: '没有心跳：超过 15 秒没有消息。可能已停止，或与业务数据库断开；十分钟后从列表中移除。',
    en: 'Silent: nothing was heard of it for more than 15 seconds. It may have stopped or be cut off from the records; after ten minutes it leaves this list.',
  },
} satisfies Texts;

export const serverStates: Record<'leads' | 'works' | 'stands-by' | 'silent', Both> = {
  leads: { zh: '主服务器', en: 'Leads' },
  works: { zh: '运行中', en: 'At work' },
  'stands-by': { zh: '备用', en: 'Stands by' },
  silent: { zh: '没有心跳', en: 'Silent' },
};

const roleNames: Record<string, Both> = {
  door: { zh: '接入', en: 'Door' },
  api: { zh: 'API 与控制台', en: 'API and console' },
  writer: { zh: '写入', en: 'Writer' },
};
/** A role that a newer server has keeps its own name. */
export const roleName = (role: string): Both => roleNames[role] ?? { zh: role, en: role };
