import type { LocalText, RefusalCounted } from '@luban/contracts';
import type { RefusalCount } from './accounting-store.ts';

/** Why it was refused, as people read it: of an edge, a device, and a thing that sends by itself. */
const texts: Record<string, LocalText> = {
  malformed: { zh: '内容有误', en: 'Not valid' },
  'not-authorized': { zh: '其中有不属于它的点位', en: 'Points that are not its own' },
  unavailable: { zh: '暂时不能接收，由发送方重发', en: 'Could not be taken at the time, to be sent again' },
  'no-property': { zh: '物模型中没有这个属性，或类型不符', en: 'No property takes it' },
};
const other: LocalText = { zh: '其他原因', en: 'For another reason' };

/** Summed by reason, whoever sent. */
export function refusalsShown(counts: readonly RefusalCount[]): RefusalCounted[] {
  const byReason = new Map<string, RefusalCounted>();
  for (const { reason, samples, batches } of counts) {
    const known = byReason.get(reason) ?? { reason, text: texts[reason] ?? other, samples: 0, batches: 0 };
    byReason.set(reason, { ...known, samples: known.samples + samples, batches: known.batches + batches });
  }
  return [...byReason.values()];
}
