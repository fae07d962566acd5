import type { Texts } from './language.tsx';

export const accessTexts = {
  title: { zh: '接入密钥', en: 'Access keys' },
  intro: {
    zh: '给既不是网关也不是设备的程序用：MES、SCADA、脚本、测试客户端。每个密钥只能用 MQTT 访问写明的主题。',
    en: 'For programs that are neither an edge nor a thing: an MES, a SCADA, a script, a test client. Each key reaches by MQTT the topics that it names, and no others.',
  },
  add: { zh: '签发密钥', en: 'Issue a key' },
  none: { zh: '还没有接入密钥', en: 'No access keys yet' },
  noneText: {
    zh: '签发一个密钥，写明它能发布和订阅的主题；程序就能用它连接，连接命令随密钥一起给出。',
    en: 'Issue a key and name the topics that it may publish and subscribe to; the command to connect comes with it.',
  },
  name: { zh: '用途', en: 'What it is for' },
  nameExample: { zh: '例如：MES 工单接口', en: 'For example: orders of the MES' },
  publish: { zh: '可以发布', en: 'May publish to' },
  subscribe: { zh: '可以订阅', en: 'May subscribe to' },
  topicsHint: {
    zh: '每行一个主题。+ 代表一级，# 代表其下全部，%c 代表客户端标识。',
    en: 'One topic a line. + stands for one level, # for everything below, %c for the client identifier.',
  },
  thingsHint: {
    zh: 'things/# 是设备自己的主题。',
    en: 'things/# are the topics of things themselves.',
  },
  topicsNeeded: { zh: '发布与订阅至少填写一项', en: 'Name at least one topic to publish or subscribe to' },
  tooMany: { zh: '最多 50 个主题', en: 'At most 50 topics' },
  expiry: { zh: '有效期', en: 'Valid for' },
  days: { zh: (days: number) => `${days} 天`, en: (days: number) => `${days} days` },
  forEver: { zh: '长期有效', en: 'No end' },
  until: { zh: '有效至', en: 'Valid until' },
  used: { zh: '上次使用', en: 'Last used' },
  made: { zh: '签发', en: 'Issued' },
  revoke: { zh: '吊销', en: 'Revoke' },
  revokeSure: {
    zh: '使用它的连接立即断开，之后也不能再用。此操作不能撤销。',
    en: 'Its connections end at once, and it opens nothing any more. This cannot be undone.',
  },
  openToNone: { zh: '无凭据可用', en: 'Open without a login' },
  openToAny: { zh: '任意凭据可用', en: 'Open to any login' },
  openWhy: {
    zh: '平台设置 LUBAN_MQTT_ANONYMOUS 让没有密钥的 MQTT 客户端以它接入，仅用于测试与封闭网络。',
    en: 'The setting LUBAN_MQTT_ANONYMOUS lets MQTT clients without a key act as this one: for tests and closed networks only.',
  },
  revoked: { zh: '已吊销', en: 'Revoked' },
  expired: { zh: '已过期', en: 'Expired' },
  good: { zh: '有效', en: 'Good' },
  once: { zh: '密钥只显示这一次，请现在保存。', en: 'The key is shown only now. Keep it.' },
  tryIt: {
    zh: '用 Mosquitto 试一试（用户名可填密钥的 id，密码是密钥）：',
    en: 'Try it with Mosquitto (user name: the id of the key; password: the key):',
  },
  done: { zh: '已保存', en: 'I have kept it' },
} satisfies Texts;
