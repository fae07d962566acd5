import { TagsOutlined } from '@ant-design/icons';
import type { Edge } from '@luban/contracts';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { App, Button, Switch } from 'antd';
import { textOf } from '../api/api-error.ts';
import { thingsQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { StateMark, toneOf } from '../design/state-mark.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { edgesTexts as texts } from '../language/edges-texts.ts';
import { useText } from '../language/language.tsx';
import { shared, thingStates } from '../language/shared-texts.ts';

/** Things that this edge speaks for by itself, and whether it may make new ones. */
export function EdgeThings({ edge, mayWrite }: { edge: Edge; mayWrite: boolean }) {
  const t = useText();
  const { message } = App.useApp();
  const things = useInfiniteQuery(thingsQuery({ edge: edge.id }));
  const items = things.data?.pages.flatMap((page) => page.items) ?? [];
  const change = useMutation({
    mutationFn: (createsThings: boolean) => api.patch(`/edges/${edge.id}`, { createsThings }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['edge', edge.id] }),
    onError: (error) => message.error(t(textOf(error))),
  });
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t(texts.things)}</h2>
        <label className="row push second" htmlFor="creates-things">
          <Switch
            id="creates-things"
            size="small"
            checked={edge.createsThings}
            disabled={!mayWrite}
            loading={change.isPending}
            onChange={(on) => change.mutate(on)}
          />{' '}
          {t(texts.createsThings)}
        </label>
      </div>
      {things.isPending ? (
        <LoadingState />
      ) : things.isError && items.length === 0 ? (
        <ErrorState error={things.error} retry={() => void things.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={<TagsOutlined />} title={t(texts.noThings)} text={t(texts.noThingsText)} />
      ) : (
        <div className="table-scroll">
          <table className="table">
            <tbody>
              {items.map((thing) => (
                <tr key={thing.id}>
                  <td>
                    <Link to="/things/$id" params={{ id: thing.id }}>
                      {thing.name}
                    </Link>
                  </td>
                  <td className="mono quiet">{thing.source ?? thing.key}</td>
                  <td className="right">
                    <StateMark tone={toneOf(thing.state)}>{t(thingStates[thing.state])}</StateMark>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {things.hasNextPage && (
        <div style={{ padding: 12, textAlign: 'center' }}>
          <Button loading={things.isFetchingNextPage} onClick={() => void things.fetchNextPage()}>
            {t(shared.loadMore)}
          </Button>
        </div>
      )}
    </section>
  );
}
