import type { LocalText, RefusalCounted } from '@luban/contracts';
import type { RefusalCount } from './accounting-store.ts';

/** By reason, as people read it: of an edge, a device, and a thing that sends by itself. */
const texts: Record<string, LocalText> = {
  malformed: { zh: '拒收：内容有误', en: 'Refused: not valid' },
  'not-authorized': { zh: '拒收：其中有不属于它的点位', en: 'Refused: not its own points' },
  unavailable: { zh: '暂时不能接收，发送方会重发', en: 'Could not be taken at the time; sent again' },
  'no-property': { zh: '拒收：物模型中没有这个属性，或类型不符', en: 'Refused: no property takes it' },
};
const other: LocalText = { zh: '拒收', en: 'Refused' };

/** Summed by reason, whoever sent. */
export function refusalsShown(counts: readonly RefusalCount[]): RefusalCounted[] {
  const byReason = new Map<string, RefusalCounted>();
  for (const { reason, samples, batches } of counts) {
    const known = byReason.get(reason) ?? { reason, text: texts[reason] ?? other, samples: 0, batches: 0 };
    byReason.set(reason, { ...known, samples: known.samples + samples, batches: known.batches + batches });
  }
  return [...byReason.values()];
}
