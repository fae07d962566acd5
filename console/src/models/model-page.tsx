import { CopyOutlined } from '@ant-design/icons';
import { units } from '@luban/contracts';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Button } from 'antd';
import { meQuery, modelQuery } from '../api/queries.ts';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { VirtualRows } from '../design/virtual-rows.tsx';
import { useLanguage, useText } from '../language/language.tsx';
import { modelsTexts as texts, typeTexts } from '../language/models-texts.ts';
import { thingsTexts } from '../language/things-texts.ts';
import './models.css';

/** A model as it is: what things made from it have. */
export function ModelPage() {
  const t = useText();
  const { language } = useLanguage();
  const { id } = useParams({ from: '/inside/thing-models/$id' });
  const found = useQuery(modelQuery(id));
  const mayWrite = useQuery(meQuery).data?.permissions.includes('things.write') === true;
  if (found.isPending) return <LoadingState rows={9} />;
  if (found.data === undefined) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  const { key, name, properties, services, events } = found.data;
  return (
    <div className="page">
      <header style={{ display: 'grid', gap: 6 }}>
        <div className="crumbs">
          <Link to="/things">{t(thingsTexts.title)}</Link>
          <span>
            / <Link to="/thing-models">{t(texts.title)}</Link>
          </span>
        </div>
        <div className="page-head">
          <h1>{name[language]}</h1>
          <span className="mono quiet">{key}</span>
          {mayWrite && (
            <div className="actions">
              <Link to="/thing-models/new" search={{ from: id }}>
                <Button icon={<CopyOutlined />}>{t(texts.copy)}</Button>
              </Link>
            </div>
          )}
        </div>
        <p className="second">{t(texts.fixed)}</p>
      </header>
      <section className="panel">
        <div className="panel-head">
          <h2>
            {t(texts.properties)} <span className="quiet num">{properties.length}</span>
          </h2>
        </div>
        <VirtualRows
          count={properties.length}
          rowPx={44}
          className="property-row"
          minWidth={760}
          head={
            <>
              <span>{t(texts.key)}</span>
              <span>{t(texts.zh)}</span>
              <span>{t(texts.en)}</span>
              <span>{t(texts.type)}</span>
              <span>{t(texts.unit)}</span>
              <span>{t(texts.range)}</span>
              <span>{t(texts.decimals)}</span>
            </>
          }
          row={(i) => {
            const one = properties[i];
            return (
              one && (
                <>
                  <span className="mono clip">{one.key}</span>
                  <span className="clip">{one.name.zh}</span>
                  <span className="clip">{one.name.en}</span>
                  <span className="second">{t(typeTexts[one.type])}</span>
                  <span className="clip">
                    {one.unit === null ? (
                      <span className="quiet">—</span>
                    ) : (
                      <>
                        {units[one.unit].symbol} <span className="quiet">{units[one.unit][language]}</span>
                      </>
                    )}
                  </span>
                  <span className="num second clip">{one.range === null ? '—' : one.range.map(plain).join(' … ')}</span>
                  <span className="num second">{one.decimals ?? t(texts.auto)}</span>
                </>
              )
            );
          }}
        />
      </section>
      {[
        { title: texts.services, items: services },
        { title: texts.events, items: events },
      ].map(
        ({ title, items }) =>
          items.length > 0 && (
            <section className="panel" key={title.en}>
              <div className="panel-head">
                <h2>{t(title)}</h2>
              </div>
              <table className="table">
                <tbody>
                  {items.map((one) => (
                    <tr key={one.key}>
                      <td className="mono">{one.key}</td>
                      <td>{one.name[language]}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          ),
      )}
    </div>
  );
}

function plain(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 9 }).replace('-', '−');
}
