import type { ReactNode } from 'react';
import { useLiveness } from '../api/live.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

/** A state in words; while the platform is silent it says that this is how it was. */
export function LastKnown({ children }: { children: ReactNode }) {
  const t = useText();
  const { state } = useLiveness();
  return (
    <>
      {state === 'lost' && `${t(shared.lastKnown)} `}
      {children}
    </>
  );
}
