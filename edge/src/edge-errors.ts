import type { Cause, LocalText } from '@luban/contracts';

/** Every code that the edge's own parts say something under (the drivers have theirs), with the words for people. */
const texts = {
  'config.invalid': { zh: '边缘配置无效', en: 'The edge is configured wrongly' },
  'enrolment.refused': {
    zh: '平台拒绝了注册令牌：可能已使用、已过期或有误，请在平台上重新生成',
    en: 'The platform refused the enrolment token: it is used, expired or wrong; make a new one on the platform',
  },
  'enrolment.no-token': {
    zh: '此边缘尚未注册：请提供 LUBAN_ENROLMENT_TOKEN 或 --token',
    en: 'This edge is not enrolled yet: give LUBAN_ENROLMENT_TOKEN or --token',
  },
  'enrolment.unreachable': { zh: '无法连接平台，正在重试', en: 'The platform cannot be reached; trying again' },
  'enrolment.answer': {
    zh: '平台的注册应答无法识别',
    en: 'The platform answered the enrolment with something unknown',
  },
  'state.damaged': { zh: '边缘的状态文件已损坏', en: 'A state file of the edge is damaged' },
  'configuration.malformed': {
    zh: '平台下发的配置无法识别，沿用旧配置',
    en: 'The configuration from the platform does not parse; the old one still runs',
  },
  'configuration.older': {
    zh: '平台下发的配置版本更旧，沿用当前配置',
    en: 'The configuration from the platform is older than the one that runs; it was not taken',
  },
  'configuration.applied': { zh: '新配置已生效', en: 'A new configuration runs' },
  'configuration.not-stored': {
    zh: '新配置已生效，但无法存盘',
    en: 'A new configuration runs but could not be stored',
  },
  'device.no-driver': { zh: '此边缘没有该协议的驱动', en: 'This edge has no driver for the protocol' },
  'device.driver-failed': { zh: '驱动启动失败，稍后重试', en: 'The driver did not start; trying again' },
  'device.offline': { zh: '设备离线', en: 'The device is offline' },
  'device.online': { zh: '设备在线', en: 'The device is online' },
  'device.degraded': { zh: '设备部分点位无法读取', en: 'Some points of the device cannot be read' },
  'point.type': { zh: '读数类型与点位类型不符', en: 'The reading is of another type than the point' },
  'point.too-long': { zh: '文本过长，无法采集', en: 'The text is too long to be collected' },
  'point.clock': {
    zh: '设备时钟有误（早于 2000 年或超前一天以上），改用边缘的时间',
    en: 'The clock of the device is wrong (before 2000 or a day ahead): the time of the edge is used instead',
  },
  'point.bad': { zh: '点位读数无效', en: 'The points give no usable value' },
  'outbox.full': { zh: '本地缓存已满，最旧的数据被丢弃', en: 'The outbox is full: the oldest samples were dropped' },
  'outbox.disk': { zh: '无法写入本地磁盘', en: 'The disk of the edge cannot be written' },
  'outbox.damaged': { zh: '本地缓存的数据损坏', en: 'Stored samples of the outbox are damaged' },
  'uplink.refused': { zh: '平台拒绝了一批数据，已另存', en: 'The platform refused a batch; it was set aside' },
  'uplink.not-authorised': {
    zh: '平台不接受此边缘的密钥，请重新注册',
    en: 'The platform does not take the key of this edge; enrol it again',
  },
  'uplink.disconnected': {
    zh: '与平台的连接中断，数据存于本地',
    en: 'Not connected to the platform; samples are kept here',
  },
  'uplink.connected': { zh: '已连接平台', en: 'Connected to the platform' },
  'uplink.busy': { zh: '平台繁忙，稍后重发', en: 'The platform is busy; sending again later' },
  'edge.stopped': { zh: '边缘已停止运行', en: 'The edge was stopped' },
  'edge.crashed': { zh: '边缘异常中断（断电或崩溃）', en: 'The edge ended without being stopped (power or crash)' },
} as const satisfies Record<string, LocalText>;

export type EdgeCode = keyof typeof texts;

/** A cause with the table's words; `detail` is the machine's own words, cut to 500 characters. */
export function edgeCause(code: EdgeCode, detail?: string): Cause {
  return detail === undefined ? { code, text: texts[code] } : { code, text: texts[code], detail: detail.slice(0, 500) };
}

/** A fault of the edge. `message` names it in English with its detail; `code` is stable. */
export class EdgeError extends Error {
  readonly code: EdgeCode;
  constructor(code: EdgeCode, detail: string, cause?: unknown) {
    super(`${texts[code].en}: ${detail}`, cause === undefined ? undefined : { cause });
    this.name = 'EdgeError';
    this.code = code;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
