import { modbusTcpSettings, opcUaSettings, type Protocol } from '@luban/contracts';
import { useMutation } from '@tanstack/react-query';
import { Form, Input, InputNumber, Modal, Select, Switch } from 'antd';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { edgesTexts as texts } from '../language/edges-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

interface Fields {
  name: string;
  protocol: Protocol;
  simulated: boolean;
  host: string;
  port: number;
  unitId: number;
  pollIntervalMs: number;
  endpointUrl: string;
}

/** A device for an edge to collect from. What is not asked keeps the protocol's default. */
export function DeviceForm({ edge, close }: { edge: string; close: () => void }) {
  const t = useText();
  const [form] = Form.useForm<Fields>();
  const protocol = Form.useWatch('protocol', form) ?? 'modbus-tcp';
  const save = useMutation({
    mutationFn: ({ name, simulated, host, port, unitId, pollIntervalMs, endpointUrl }: Fields) =>
      api.post('/devices', {
        name: name.trim(),
        edge,
        enabled: true,
        simulated,
        protocol,
        settings:
          protocol === 'modbus-tcp'
            ? modbusTcpSettings.parse({ host, port, unitId, pollIntervalMs })
            : opcUaSettings.parse({ endpointUrl: endpointUrl.trim() }),
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['devices', edge] });
      close();
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
      width={460}
    >
      <Problem error={save.error} />
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={save.mutate}
        initialValues={{ protocol: 'modbus-tcp', port: 502, unitId: 1, pollIntervalMs: 1000, simulated: false }}
      >
        <Form.Item
          name="name"
          label={t(shared.name)}
          rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
        >
          <Input maxLength={120} autoFocus />
        </Form.Item>
        <Form.Item name="protocol" label={t(texts.protocol)}>
          <Select
            options={[
              { value: 'modbus-tcp', label: 'Modbus TCP' },
              { value: 'opc-ua', label: 'OPC UA' },
            ]}
          />
        </Form.Item>
        {protocol === 'modbus-tcp' ? (
          <>
            <Form.Item
              name="host"
              label={t(texts.host)}
              rules={[{ required: true, whitespace: true, message: t(texts.hostWrong) }]}
            >
              <Input className="mono" placeholder="192.168.1.10" maxLength={253} />
            </Form.Item>
            <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr 1.3fr', gap: 12 }}>
              <Form.Item name="port" label={t(texts.port)}>
                <InputNumber min={1} max={65_535} style={{ width: '100%' }} />
              </Form.Item>
              <Form.Item name="unitId" label={t(texts.unitId)}>
                <InputNumber min={0} max={255} style={{ width: '100%' }} />
              </Form.Item>
              <Form.Item name="pollIntervalMs" label={t(texts.poll)}>
                <InputNumber min={50} max={3_600_000} style={{ width: '100%' }} />
              </Form.Item>
            </div>
          </>
        ) : (
          <Form.Item
            name="endpointUrl"
            label={t(texts.endpoint)}
            validateTrigger="onBlur"
            rules={[{ required: true, pattern: /^opc\.tcp:\/\/[^\s/]+/, message: t(texts.endpointWrong) }]}
          >
            <Input className="mono" placeholder="opc.tcp://192.168.1.20:4840" maxLength={500} />
          </Form.Item>
        )}
        <Form.Item name="simulated" label={t(texts.simulated)} valuePropName="checked" layout="horizontal">
          <Switch size="small" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
