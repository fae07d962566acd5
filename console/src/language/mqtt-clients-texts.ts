import type { MqttClient } from '@luban/contracts';
import type { Both, Texts } from './language.tsx';

export const mqttClientsTexts = {
  title: { zh: 'MQTT 客户端', en: 'MQTT clients' },
  intro: {
    zh: '每个通过 MQTT 接入的客户端及其会话，包括暂时离开、平台仍为其保存消息的客户端。',
    en: 'Every client that comes in by MQTT, with its session; also those that are away and have messages kept for them.',
  },
  policy: {
    zh: '离开或处理不过来的客户端，每个最多保存 1 万条或 16 MB 消息；存满后不再接收新消息，先放弃 QoS 0。超过有效期的消息和客户端声明收不下的消息不会送达。这些都计入“未送达”。离开的客户端不保存 QoS 0 消息，也不计数。',
    en: 'For a client that is away or slow, at most 10,000 messages or 16 MB are kept; when that is full it gets no new ones, and QoS 0 is given up first. A message that expires, or that is larger than the client takes, is not delivered. All of these are counted. QoS 0 is not kept for a client that is away, and not counted then.',
  },
  search: { zh: '客户端标识，或所属对象的名称', en: 'Client identifier, or name of the owner' },
  none: { zh: '还没有 MQTT 客户端', en: 'No MQTT clients yet' },
  noneText: {
    zh: '网关、设备或持有接入密钥的程序连接后会出现在这里。',
    en: 'An edge, a thing or a program with an access key is listed as soon as it connects.',
  },
  notFound: { zh: '没有符合条件的客户端', en: 'No client fits' },
  clear: { zh: '清除搜索', en: 'Clear the search' },
  client: { zh: '客户端', en: 'Client' },
  subscriptions: { zh: '订阅', en: 'Subscriptions' },
  waiting: { zh: '等待中', en: 'Waiting' },
  inflight: { zh: '待确认', en: 'In flight' },
  notDelivered: { zh: '未送达', en: 'Not delivered' },
  connected: { zh: '已连接', en: 'Connected' },
  away: { zh: '离开', en: 'Away' },
  at: { zh: (server: string) => `在 ${server}`, en: (server: string) => `at ${server}` },
  until: { zh: '会话保留至', en: 'Session ends' },
  forEver: { zh: '会话一直保留', en: 'Session never ends' },
  noFilters: { zh: '没有订阅任何主题', en: 'It has subscribed to nothing' },
  since: { zh: '自会话建立或平台启动起计数', en: 'Counted since the session began or the platform started' },
  end: { zh: '结束会话', en: 'End the session' },
  endShort: { zh: '结束', en: 'End' },
  endSure: {
    zh: (subscriptions: number, queued: number) =>
      `它的连接立即断开；${subscriptions} 个订阅和 ${queued} 条等待的消息被删除，不能恢复。持有有效密钥的客户端可以重新连接，并从头开始。`,
    en: (subscriptions: number, queued: number) =>
      `Its connection ends at once. Subscriptions (${subscriptions}) and waiting messages (${queued}) are deleted and do not come back. A client with a good key may connect again, and begins anew.`,
  },
} satisfies Texts;

export const dropReasons: Record<keyof MqttClient['dropped'], Both> = {
  full: { zh: '存满', en: 'full' },
  qos0: { zh: 'QoS 0 放弃', en: 'QoS 0 given up' },
  expired: { zh: '已过期', en: 'expired' },
  tooLarge: { zh: '太大', en: 'too large' },
};
