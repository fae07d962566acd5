import type { EdgeAccount } from '@luban/contracts';
import type { Texts } from './language.tsx';

type Say = (count: number) => string;

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
  byDevices: {
    zh: '整批拒收的样本按点计入采集设备；无法读取的批次和不属于该网关的点只计入网关。',
    en: 'Of a batch that was refused, samples count for the device that reads those points. What cannot be read, or is not the edge’s own, counts for the edge alone.',
  },
  byThing: {
    zh: '自行上报：到达 = 收到 + 拒收，收到 = 已入库 + 待入库',
    en: 'Sent by itself: arrived = received + refused, received = stored + waiting',
  },
  arrived: { zh: '到达', en: 'Arrived' },
  refusedHere: { zh: '入口处拒收', en: 'Refused at the door' },
  refusedShort: { zh: '拒收', en: 'Refused' },
  noOtherSide: {
    zh: '这些是平台的计数。设备不会说明自己发了多少，到达之前丢失的无从得知。',
    en: 'These are the platform’s counts. A thing does not say how much it has sent: what is lost before it arrives, nobody knows.',
  },
  allTaken: { zh: '到达的样本全部收下，没有拒收。', en: 'All that arrived was taken; nothing was refused.' },
  someRefused: {
    zh: (n: number, say: Say) => `有 ${say(n)} 个样本没有收下，原因如下。`,
    en: (n: number, say: Say) =>
      n === 1
        ? 'One sample was not taken, for the reason below.'
        : `${say(n)} samples were not taken, for the reasons below.`,
  },
  unreadRefused: {
    zh: '有消息无法读取，其中有多少样本不得而知。',
    en: 'Messages came that nobody can read; how many samples they held is not known.',
  },
  collectedBy: { zh: '由网关采集', en: 'Collected through edges' },
  collectedByText: {
    zh: '这些采集设备读取它的点，逐个计数，含它们为其他设备采集的样本。与网关的核对见网关的账目。',
    en: 'These devices read its points. Each counts all that it reads, for other things too. The edge’s book checks both sides.',
  },
  nothing: { zh: '还没有样本到达', en: 'Nothing has arrived yet' },
  nothingText: {
    zh: '设备用自己的密钥或经网关上报后，这里会列出收到、重发、拒收和入库的样本数。',
    en: 'Once the thing sends with its own key, or through a gateway, its samples are counted here: received, repeated, refused, stored.',
  },
  inBatches: {
    zh: (samples: number, batches: number, say: Say) => `${say(samples)}\u00a0个样本，${say(batches)}\u00a0批`,
    en: (samples: number, batches: number, say: Say) =>
      `${say(samples)}\u00a0${samples === 1 ? 'sample' : 'samples'} in ${say(batches)}\u00a0${batches === 1 ? 'batch' : 'batches'}`,
  },
  inParts: {
    zh: (samples: number, say: Say) => `${say(samples)}\u00a0个样本`,
    en: (samples: number, say: Say) => `${say(samples)} ${samples === 1 ? 'sample' : 'samples'}`,
  },
  unread: {
    zh: (batches: number, say: Say) => `${say(batches)}\u00a0批，样本数不详`,
    en: (batches: number, say: Say) => `${say(batches)} ${batches === 1 ? 'batch' : 'batches'} of unknown size`,
  },
} satisfies Texts;

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
