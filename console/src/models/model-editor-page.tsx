import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { modelQuery } from '../api/queries.ts';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { ModelEditor } from './model-editor.tsx';

/** A new model, empty or with another's properties to begin with. */
export function ModelEditorPage() {
  const { from } = useSearch({ from: '/inside/thing-models/new' });
  const base = useQuery({ ...modelQuery(from ?? ''), enabled: from !== undefined });
  if (from === undefined) return <ModelEditor base={null} />;
  if (base.isPending) return <LoadingState rows={9} />;
  if (base.data === undefined) return <ErrorState error={base.error} retry={() => void base.refetch()} />;
  return <ModelEditor key={from} base={base.data} />;
}
