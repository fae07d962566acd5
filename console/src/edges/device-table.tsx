import { HddOutlined, MoreOutlined, PlusOutlined } from '@ant-design/icons';
import type { Edge, Page } from '@luban/contracts';
import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button, Dropdown } from 'antd';
import { useState } from 'react';
import type { ListedDevice } from '../api/api-types.ts';
import { formatRate } from '../design/format-number.ts';
import { LastKnown } from '../design/last-known.tsx';
import { Age } from '../design/moment.tsx';
import { StateMark, toneOf } from '../design/state-mark.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { useDeviceActions } from '../device/device-actions.ts';
import { edgesTexts as texts } from '../language/edges-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';
import { deviceStates, shared } from '../language/shared-texts.ts';
import { DeviceForm } from './device-form.tsx';

interface Given {
  edge: Edge;
  devices: UseQueryResult<Page<ListedDevice>>;
  mayWrite: boolean;
}

/** What an edge collects from, how each one answers, and why not. */
export function DeviceTable({ edge, devices, mayWrite }: Given) {
  const t = useText();
  const { language } = useLanguage();
  const [adding, setAdding] = useState(false);
  const { change, remove } = useDeviceActions(edge.id);
  const act = (key: string, device: ListedDevice) => {
    if (key === 'enabled') change.mutate(device);
    else remove(device);
  };
  const items = devices.data?.items ?? [];
  // The live report of the edge is newer than the one in the list.
  const reports = new Map(edge.report?.devices.map((report) => [report.id as string, report]));
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t(texts.devices)}</h2>
        {mayWrite && (
          <Button className="push" size="small" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
            {t(texts.addDevice)}
          </Button>
        )}
      </div>
      {devices.isPending ? (
        <LoadingState />
      ) : devices.data === undefined ? (
        <ErrorState error={devices.error} retry={() => void devices.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={<HddOutlined />} title={t(texts.noDevices)} text={t(texts.noDevicesText)} />
      ) : (
        <div className="table-scroll">
          <table className="table">
            <thead>
              <tr>
                <th>{t(shared.name)}</th>
                <th>{t(shared.state)}</th>
                <th>{t(texts.address)}</th>
                <th className="right">{t(texts.rate)}</th>
                <th className="right">{t(texts.points)}</th>
                <th>{t(texts.lastSample)}</th>
                <th>{t(texts.why)}</th>
                <th>
                  <span className="visually-hidden">{t(shared.edit)}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((device) => {
                const report = reports.get(device.id) ?? device.report;
                const state = edge.connected && device.enabled ? (report?.state ?? null) : null;
                return (
                  <tr key={device.id}>
                    <td className="nowrap">
                      <Link to="/edges/$id/devices/$device" params={{ id: edge.id, device: device.id }}>
                        {device.name}
                      </Link>{' '}
                      {device.simulated && <span className="tag">{t(shared.simulated)}</span>}
                    </td>
                    <td>
                      <StateMark tone={state === null ? 'idle' : toneOf(state)}>
                        {device.enabled ? (
                          state === null ? (
                            t(edge.connected ? texts.notReported : texts.away)
                          ) : (
                            <LastKnown>{t(deviceStates[state])}</LastKnown>
                          )
                        ) : (
                          t(texts.disabled)
                        )}
                      </StateMark>
                    </td>
                    <td className="mono second nowrap">
                      {device.protocol === 'modbus-tcp'
                        ? `modbus-tcp://${device.settings.host}:${device.settings.port}`
                        : device.settings.endpointUrl}
                    </td>
                    <td className="right num live">
                      {state === null || report === null ? '—' : formatRate(report.samplesPerSecond, language)}
                    </td>
                    <td className="right num live">
                      {report === null ? (
                        device.bindingCount
                      ) : (
                        <>
                          {report.pointsGood} /{' '}
                          <span style={report.pointsBad > 0 ? { color: 'var(--broken)' } : undefined}>
                            {report.pointsBad}
                          </span>
                        </>
                      )}
                    </td>
                    <td className="second">
                      {report?.lastSampleMs == null ? '—' : <Age timeMs={report.lastSampleMs} />}
                    </td>
                    <td style={{ minWidth: 220 }}>
                      {report?.cause == null ? (
                        ''
                      ) : (
                        <span title={report.cause.detail}>
                          {t(report.cause.text)} <Age timeMs={report.sinceMs} />
                        </span>
                      )}
                    </td>
                    <td className="right">
                      {mayWrite && (
                        <Dropdown
                          trigger={['click']}
                          menu={{
                            onClick: ({ key }) => act(key, device),
                            items: [
                              { key: 'enabled', label: t(device.enabled ? texts.disable : texts.enable) },
                              { key: 'remove', label: t(shared.remove), danger: true },
                            ],
                          }}
                        >
                          <Button
                            type="text"
                            size="small"
                            icon={<MoreOutlined />}
                            aria-label={`${t(shared.edit)}: ${device.name}`}
                          />
                        </Dropdown>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {adding && <DeviceForm edge={edge.id} close={() => setAdding(false)} />}
    </section>
  );
}
