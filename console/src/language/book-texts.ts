import type { EdgeAccount } from '@luban/contracts';
import type { Both, Texts } from './language.tsx';

export const bookTexts = {
  book: { zh: '账目', en: 'Book' },
  since: { zh: '平台计数始于', en: 'The platform counts since' },
  byEdge: {
    zh: '网关所述：采集 = 已确认 + 被拒收 + 已丢弃 + 积压',
    en: 'By the edge: collected = acknowledged + refused + dropped + backlog',
  },
  byPlatform: { zh: '平台所计：收到 = 已入库 + 待入库', en: 'By the platform: received = stored + waiting' },
  collected: { zh: '采集', en: 'Collected' },
  acknowledged: { zh: '已获平台确认', en: 'Acknowledged by the platform' },
  refused: { zh: '被平台拒收（另存于网关）', en: 'Refused by the platform, set aside on the edge' },
  dropped: { zh: '已丢弃（网关存储已满或损坏）', en: 'Dropped: the edge’s disk was full or damaged' },
  unknownLosses: { zh: '数量不可知的丢失（次）', en: 'Losses of unknown size' },
  backlog: { zh: '积压在网关', en: 'In backlog on the edge' },
  received: { zh: '收到', en: 'Received' },
  stored: { zh: '已入库', en: 'Stored' },
  waiting: { zh: '待入库', en: 'Waiting to be stored' },
  waitingShort: { zh: '待入库', en: 'Waiting' },
  repeatedShort: { zh: '重发', en: 'Repeated' },
  repeated: { zh: '其中重发（只存一份）', en: 'Of them sent again (stored once)' },
  otherRefusal: { zh: '拒收', en: 'Refused' },
  inBatches: {
    zh: (samples: string, batches: string) => `${samples} 个样本，${batches} 批`,
    en: (samples: string, batches: string) => `${samples} samples in ${batches} batches`,
  },
} satisfies Texts;

export const refusalTexts: Record<string, Both> = {
  malformed: { zh: '拒收：内容有误', en: 'Refused: not valid' },
  'not-authorized': { zh: '拒收：点位不属于该网关', en: 'Refused: not the edge’s points' },
  unavailable: { zh: '暂时不能接收，网关会重发', en: 'Could not be taken at the time; sent again' },
};

export const bookStates: Record<
  EdgeAccount['check']['state'],
  { zh: (n: string) => string; en: (n: string) => string }
> = {
  ok: {
    zh: () => '账目相符：网关视为已确认的每个样本，平台都已收到。',
    en: () => 'The book adds up: the platform has every sample that the edge holds for acknowledged.',
  },
  missing: {
    zh: (n) =>
      `账目不符：网关视为已确认的样本中，平台缺少 ${n} 个。如果平台曾从备份恢复，这是备份之后的样本；否则请保留现场并联系支持。`,
    en: (n) =>
      `The book does not add up: the platform lacks ${n} samples that the edge holds for acknowledged. After a restore they are those since the backup; otherwise keep everything as it is and ask for help.`,
  },
  surplus: {
    zh: (n) => `账目不符：平台收到的比网关发出的多 ${n} 个。请检查是否有两个网关使用同一身份。`,
    en: (n) =>
      `The book does not add up: the platform has ${n} samples more than the edge sent. Do two edges use one identity?`,
  },
  inexact: {
    zh: (n) => `网关存储曾损坏，丢失数量不可知，账目无法精确核对（相差 ${n} 个）。`,
    en: (n) =>
      `The edge’s disk was damaged and nobody knows how much was lost: the book cannot be checked exactly (${n} samples apart).`,
  },
  unknown: {
    zh: () => '网关尚未报告自己的数目，暂不能核对。',
    en: () => 'The edge has not told its side yet, so nothing can be checked.',
  },
};
