import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Form, Modal } from 'antd';
import { useEffect } from 'react';
import type { ListedDevice } from '../api/api-types.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { DeviceFields } from '../device/device-fields.tsx';
import { deviceBody, type DeviceFields as Fields, fieldDefaults } from '../device/device-settings.ts';
import { edgesTexts as texts } from '../language/edges-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

/** A device for an edge to collect from; leads on to binding its points. */
export function DeviceForm({ edge, close }: { edge: string; close: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const [form] = Form.useForm<Fields>();
  const protocol = Form.useWatch('protocol', form) ?? 'modbus-tcp';
  useEffect(() => form.setFieldsValue(fieldDefaults[protocol]), [form, protocol]);
  const save = useMutation({
    mutationFn: (fields: Fields) => api.post<ListedDevice>('/devices', deviceBody(fields, edge, true)),
    onSuccess: async (made) => {
      await queryClient.invalidateQueries({ queryKey: ['devices', edge] });
      await navigate({
        to: '/edges/$id/devices/$device',
        params: { id: edge, device: made.id },
        search: { tab: 'bind' },
      });
    },
  });
  return (
    <Modal
      open
      title={t(texts.addDevice)}
      onCancel={close}
      onOk={form.submit}
      okText={t(shared.save)}
      confirmLoading={save.isPending}
      width={480}
    >
      <Problem error={save.error} />
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={save.mutate}
        initialValues={{ protocol: 'modbus-tcp', simulated: false }}
      >
        <DeviceFields protocol={protocol} />
      </Form>
    </Modal>
  );
}
