import { useQuery } from '@tanstack/react-query';
import { refusedValuesQuery } from '../api/queries.ts';
import { Age } from '../design/moment.tsx';
import { SilentServers } from '../design/silent-servers.tsx';
import { useText } from '../language/language.tsx';
import { thingTexts as texts } from '../language/thing-texts.ts';

/** What the thing sends in vain; nothing at all while there is nothing. */
export function RefusedValues({ thing }: { thing: string }) {
  const t = useText();
  const { items = [], notAnswering = [] } = useQuery(refusedValuesQuery(thing)).data ?? {};
  if (items.length === 0 && notAnswering.length === 0) return null;
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t(texts.refused)}</h2>
      </div>
      {items.length > 0 && <p className="panel-text">{t(texts.refusedText)}</p>}
      {notAnswering.length > 0 && (
        <div style={{ margin: '8px 12px' }}>
          <SilentServers servers={notAnswering} among={[]} />
        </div>
      )}
      <div className="table-scroll">
        <table className="table cards refused-values">
          <tbody>
            {items.map(({ key, reason, count, lastMs }) => (
              <tr key={key}>
                <td className="mono refused-key">{key}</td>
                <td className="second">{t(reason)}</td>
                <td className="num right nowrap">{t(texts.refusedCount)(count)}</td>
                <td className="second right nowrap">
                  <Age timeMs={lastMs} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
