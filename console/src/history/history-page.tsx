import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../api/queries.ts';
import { historyTexts as texts } from '../language/history-texts.ts';
import { useText } from '../language/language.tsx';
import { ImportPanel } from './import-panel.tsx';
import { JobsPanel } from './jobs-panel.tsx';
import { RetentionPanel } from './retention-panel.tsx';
import './history.css';

/** What is kept of the past: for how long, what is read in, what is deleted. */
export function HistoryPage() {
  const t = useText();
  const permissions = useQuery(meQuery).data?.permissions ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t(texts.title)}</h1>
      </div>
      <RetentionPanel mayWrite={permissions.includes('retention.write')} />
      {permissions.includes('samples.write') && <ImportPanel />}
      <JobsPanel mayCancel={permissions.includes('samples.write')} />
    </div>
  );
}
