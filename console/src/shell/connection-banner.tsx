import { ApiOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useLiveness } from '../api/live.ts';
import { meQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { formatClock } from '../design/format-time.ts';
import { useZone } from '../design/moment.tsx';
import { useText } from '../language/language.tsx';
import { shell } from '../language/shell-texts.ts';

/** Says when the platform went silent; until it speaks again nothing on the page looks live. */
export function ConnectionBanner() {
  const t = useText();
  const zone = useZone();
  const now = useLiveness();
  const lost = now.state === 'lost';
  // Asks over plain HTTP whether the platform or only the live connection is gone; a 401 leads to sign-in.
  const probe = useQuery({
    ...meQuery,
    queryKey: ['probe', lost ? String(now.sinceMs) : ''],
    enabled: lost,
    refetchInterval: 3000,
    retry: false,
    gcTime: 0,
  });
  const wasLost = useRef(false);
  useEffect(() => {
    document.documentElement.dataset.live = now.state;
    if (lost) wasLost.current = true;
    else if (now.state === 'live' && wasLost.current) {
      wasLost.current = false;
      void queryClient.invalidateQueries(); // what happened meanwhile is on the server
    }
  }, [lost, now.state]);
  if (!lost) return null;
  const when = formatClock(now.sinceMs, zone);
  const answers = probe.isSuccess && !probe.isRefetchError;
  return (
    <div className="banner" role="alert">
      <ApiOutlined aria-hidden="true" />
      <div>
        <strong>{t(answers ? shell.channelTitle : shell.lostTitle)(when)}</strong>
        <p>{t(answers ? shell.channelText : shell.lostText)}</p>
      </div>
    </div>
  );
}
