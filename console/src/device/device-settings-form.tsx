import { useMutation } from '@tanstack/react-query';
import { App, Button, Form } from 'antd';
import { useState } from 'react';
import type { ListedDevice } from '../api/api-types.ts';
import { useOpenedWith } from '../api/opened-with.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { deviceTexts as texts } from '../language/device-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { DeviceFields } from './device-fields.tsx';
import { deviceBody, type DeviceFields as Fields, fieldsOf } from './device-settings.ts';

/** A device's settings, to read and, for who may, to change. */
export function DeviceSettingsForm({ device, mayWrite }: { device: ListedDevice; mayWrite: boolean }) {
  const [turn, setTurn] = useState(0);
  return <SettingsForm key={turn} device={device} mayWrite={mayWrite} reload={() => setTurn(turn + 1)} />;
}

function SettingsForm({ device, mayWrite, reload }: { device: ListedDevice; mayWrite: boolean; reload: () => void }) {
  const t = useText();
  const { message } = App.useApp();
  const { etag, saved } = useOpenedWith<ListedDevice>(device, fieldsOf);
  const save = useMutation({
    mutationFn: (fields: Fields) =>
      api.put<ListedDevice>(
        `/devices/${device.id}`,
        deviceBody({ ...fields, protocol: device.protocol }, device.edge, device.enabled),
        etag,
      ),
    onSuccess: async (changed) => {
      saved(changed);
      queryClient.setQueryData(['device', device.id], changed);
      await queryClient.invalidateQueries({ queryKey: ['devices', device.edge] });
      message.success(t(texts.saved));
    },
  });
  return (
    <section className="panel device-form">
      <Problem error={save.error} reload={reload} />
      <Form
        layout="vertical"
        requiredMark={false}
        disabled={!mayWrite}
        onFinish={save.mutate}
        initialValues={fieldsOf(device)}
      >
        <DeviceFields protocol={device.protocol} kept />
        {mayWrite && (
          <Button type="primary" htmlType="submit" loading={save.isPending}>
            {t(shared.save)}
          </Button>
        )}
      </Form>
    </section>
  );
}
