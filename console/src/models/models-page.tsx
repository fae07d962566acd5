import { PlusOutlined, ProfileOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { meQuery, modelsQuery } from '../api/queries.ts';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { useLanguage, useText } from '../language/language.tsx';
import { modelsTexts as texts } from '../language/models-texts.ts';
import { shared } from '../language/shared-texts.ts';
import { thingsTexts } from '../language/things-texts.ts';

/** The kinds of things that there are. */
export function ModelsPage() {
  const t = useText();
  const { language } = useLanguage();
  const models = useQuery(modelsQuery);
  const mayWrite = useQuery(meQuery).data?.permissions.includes('things.write') === true;
  const add = mayWrite && (
    <Link to="/thing-models/new">
      <Button type="primary" icon={<PlusOutlined />}>
        {t(texts.add)}
      </Button>
    </Link>
  );
  return (
    <div className="page">
      <header style={{ display: 'grid', gap: 6 }}>
        <div className="crumbs">
          <Link to="/things">{t(thingsTexts.title)}</Link>
        </div>
        <div className="page-head">
          <h1>{t(texts.title)}</h1>
          <div className="actions">{add}</div>
        </div>
      </header>
      <section className="panel table-scroll">
        {models.isPending ? (
          <LoadingState />
        ) : models.data === undefined ? (
          <ErrorState error={models.error} retry={() => void models.refetch()} />
        ) : models.data.items.length === 0 ? (
          <EmptyState icon={<ProfileOutlined />} title={t(texts.none)} text={t(texts.lead)}>
            {add}
          </EmptyState>
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th>{t(shared.name)}</th>
                <th>{t(texts.key)}</th>
                <th className="right">{t(texts.properties)}</th>
              </tr>
            </thead>
            <tbody>
              {models.data.items.map((model) => (
                <tr key={model.id}>
                  <td>
                    <Link to="/thing-models/$id" params={{ id: model.id }}>
                      {model.name[language]}
                    </Link>
                  </td>
                  <td className="mono quiet">{model.key}</td>
                  <td className="right num">{model.properties.length}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </div>
  );
}
