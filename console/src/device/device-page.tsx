import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { Button } from 'antd';
import { useLiveEdges } from '../api/live.ts';
import { deviceQuery, edgeQuery, meQuery } from '../api/queries.ts';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { deviceTexts as texts } from '../language/device-texts.ts';
import { edgesTexts } from '../language/edges-texts.ts';
import { type Both, useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { BindPoints } from './bind-points.tsx';
import { BindingTable } from './binding-table.tsx';
import { useDeviceActions } from './device-actions.ts';
import { DeviceSettingsForm } from './device-settings-form.tsx';
import { DeviceCallout, DeviceState } from './device-state.tsx';
import './device.css';

type Tab = 'points' | 'bind' | 'settings';
const tabs: { tab: Tab; text: Both; write: boolean }[] = [
  { tab: 'points', text: texts.points, write: false },
  { tab: 'bind', text: texts.bind, write: true },
  { tab: 'settings', text: texts.settings, write: false },
];

/** A device that an edge collects from: how it answers, what it delivers, how it is reached. */
export function DevicePage() {
  const t = useText();
  const { id, device: deviceId } = useParams({ from: '/inside/edges/$id/devices/$device' });
  const search = useSearch({ from: '/inside/edges/$id/devices/$device' });
  const permissions = useQuery(meQuery).data?.permissions ?? [];
  const mayWrite = permissions.includes('edges.write');
  const found = useQuery(deviceQuery(deviceId));
  const readEdge = useQuery(edgeQuery(id)).data;
  const edge = useLiveEdges()?.find((one) => one.id === id) ?? readEdge;
  const { change, remove } = useDeviceActions(id);
  if (found.isPending) return <LoadingState rows={9} />;
  if (found.data === undefined) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  const device = found.data;
  const report = edge?.report?.devices.find((one) => one.id === device.id) ?? device.report;
  const seen = tabs.filter((one) => mayWrite || !one.write);
  const tab = seen.find((one) => one.tab === search.tab)?.tab ?? 'points';
  return (
    <div className="page">
      <header style={{ display: 'grid', gap: 6 }}>
        <div className="crumbs">
          <Link to="/edges">{t(edgesTexts.title)}</Link>
          <span>
            /{' '}
            <Link to="/edges/$id" params={{ id }}>
              {edge?.name ?? id}
            </Link>
          </span>
        </div>
        <div className="page-head">
          <h1>{device.name}</h1>
          {device.simulated && <span className="tag">{t(shared.simulated)}</span>}
          <DeviceState device={device} report={report} connected={edge?.connected ?? true} />
          {mayWrite && (
            <div className="actions">
              {tab !== 'bind' && (
                <Link to="." search={{ tab: 'bind' }}>
                  <Button type="primary" icon={<PlusOutlined />}>
                    {t(texts.bind)}
                  </Button>
                </Link>
              )}
              <Button loading={change.isPending} onClick={() => change.mutate(device)}>
                {t(device.enabled ? edgesTexts.disable : edgesTexts.enable)}
              </Button>
              <Button danger icon={<DeleteOutlined />} onClick={() => remove(device)}>
                {t(shared.remove)}
              </Button>
            </div>
          )}
        </div>
      </header>
      <DeviceCallout device={device} report={report} edge={edge} />
      <nav className="tabs" aria-label={device.name}>
        {seen.map((one) => (
          <Link
            key={one.tab}
            to="/edges/$id/devices/$device"
            params={{ id, device: deviceId }}
            search={{ tab: one.tab === 'points' ? undefined : one.tab }}
            replace
            className={one.tab === tab ? 'on' : ''}
            aria-current={one.tab === tab ? 'page' : undefined}
          >
            {t(one.text)}
          </Link>
        ))}
      </nav>
      {tab === 'bind' ? (
        <BindPoints device={device} />
      ) : tab === 'settings' ? (
        <DeviceSettingsForm key={device.id} device={device} mayWrite={mayWrite} />
      ) : (
        <BindingTable device={device} mayWrite={mayWrite} />
      )}
    </div>
  );
}
