import type { ServerName } from '@luban/contracts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { serverLabels } from './server-labels.ts';

/** Says which servers did not answer, so that nobody takes what they have for gone. */
export function SilentServers({ servers, among }: { servers: readonly ServerName[]; among: readonly ServerName[] }) {
  const t = useText();
  if (servers.length === 0) return null;
  const labelOf = serverLabels([...servers, ...among]);
  return (
    <div className="callout warning" role="status">
      <div>
        <strong>{t(shared.serversSilent)(servers.map(labelOf))}</strong>
        <p>{t(shared.serversSilentText)}</p>
      </div>
    </div>
  );
}
