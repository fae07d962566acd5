import { type QualityReason, qualityText, type Reading } from '@luban/contracts';
import { Tooltip } from 'antd';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

const tone = { good: 'plain', uncertain: 'warning', bad: 'broken' } as const;

/** What a reading's quality is, in words. Good is quiet; what is not good is seen. */
export function QualityTag({ reading }: { reading: Reading }) {
  const t = useText();
  return (
    <span className="row" style={{ display: 'inline-flex', gap: 6 }}>
      <span className={`tag ${tone[reading.quality]}`}>
        {reading.quality === 'good' && <i className="dot ok" aria-hidden="true" />}
        {t(qualityText(reading.reason as QualityReason))}
      </span>
      {reading.simulated && (
        <Tooltip title={t(shared.simulatedHint)}>
          <span className="tag">{t(shared.simulated)}</span>
        </Tooltip>
      )}
    </span>
  );
}
