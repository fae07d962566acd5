import type { Protocol } from '@luban/contracts';
import { Form, Input, InputNumber, Select, Switch } from 'antd';
import type { ReactNode } from 'react';
import { deviceTexts as texts } from '../language/device-texts.ts';
import { edgesTexts } from '../language/edges-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import type { DeviceFields as Fields } from './device-settings.ts';

/** How to reach a device: what everybody fills in, and the rest folded away. */
export function DeviceFields({ protocol, kept = false }: { protocol: Protocol; kept?: boolean }) {
  const t = useText();
  return (
    <>
      <Form.Item
        name="name"
        label={t(shared.name)}
        rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
      >
        <Input maxLength={120} />
      </Form.Item>
      <Form.Item name="protocol" label={t(edgesTexts.protocol)} hidden={kept}>
        <Select
          options={[
            { value: 'modbus-tcp', label: 'Modbus TCP' },
            { value: 'opc-ua', label: 'OPC UA' },
          ]}
        />
      </Form.Item>
      {protocol === 'modbus-tcp' ? <ModbusFields /> : <OpcUaFields kept={kept} />}
      <Form.Item name="simulated" label={t(edgesTexts.simulated)} valuePropName="checked" layout="horizontal">
        <Switch size="small" />
      </Form.Item>
    </>
  );
}

function Numbers({ children }: { children: ReactNode }) {
  return (
    <div
      style={{
        display: 'grid',
        gridTemplateColumns: 'repeat(auto-fit, minmax(112px, 1fr))',
        gap: '0 12px',
        alignItems: 'end',
      }}
    >
      {children}
    </div>
  );
}
function Whole({ name, label, min, max }: { name: keyof Fields; label: string; min: number; max: number }) {
  return (
    <Form.Item name={name} label={label}>
      <InputNumber min={min} max={max} precision={0} style={{ width: '100%' }} />
    </Form.Item>
  );
}
function More({ children }: { children: ReactNode }) {
  const t = useText();
  return (
    <details className="more-fields">
      <summary>{t(texts.more)}</summary>
      {children}
    </details>
  );
}

function ModbusFields() {
  const t = useText();
  return (
    <>
      <Form.Item
        name="host"
        label={t(edgesTexts.host)}
        rules={[{ required: true, whitespace: true, message: t(edgesTexts.hostWrong) }]}
      >
        <Input className="mono" placeholder="192.168.1.10" maxLength={253} />
      </Form.Item>
      <Numbers>
        <Whole name="port" label={t(edgesTexts.port)} min={1} max={65_535} />
        <Whole name="unitId" label={t(edgesTexts.unitId)} min={0} max={255} />
        <Whole name="pollIntervalMs" label={t(edgesTexts.poll)} min={50} max={3_600_000} />
      </Numbers>
      <More>
        <Numbers>
          <Whole name="timeoutMs" label={t(texts.timeout)} min={50} max={60_000} />
          <Whole name="maxGapRegisters" label={t(texts.maxGap)} min={0} max={120} />
          <Whole name="maxRegistersPerRead" label={t(texts.maxRead)} min={1} max={125} />
        </Numbers>
      </More>
    </>
  );
}

function OpcUaFields({ kept }: { kept: boolean }) {
  const t = useText();
  const secure = Form.useWatch('security', { preserve: true }) === 'Basic256Sha256';
  return (
    <>
      <Form.Item
        name="endpointUrl"
        label={t(edgesTexts.endpoint)}
        validateTrigger="onBlur"
        rules={[{ required: true, pattern: /^\s*opc\.tcp:\/\/[^\s/]+/, message: t(edgesTexts.endpointWrong) }]}
      >
        <Input className="mono" placeholder="opc.tcp://192.168.1.20:4840" maxLength={500} />
      </Form.Item>
      <Numbers>
        <Form.Item name="security" label={t(texts.security)}>
          <Select
            options={[
              { value: 'None', label: t(texts.noSecurity) },
              { value: 'Basic256Sha256', label: 'Basic256Sha256' },
            ]}
          />
        </Form.Item>
        <Form.Item name="messageMode" label={t(texts.mode)} hidden={!secure}>
          <Select
            options={[
              { value: 'SignAndEncrypt', label: t(texts.signAndEncrypt) },
              { value: 'Sign', label: t(texts.sign) },
            ]}
          />
        </Form.Item>
      </Numbers>
      <Numbers>
        <Form.Item name="userName" label={t(texts.user)}>
          <Input maxLength={200} placeholder={t(texts.anonymous)} autoComplete="off" />
        </Form.Item>
        <Form.Item name="password" label={t(texts.password)}>
          <Input.Password
            maxLength={500}
            placeholder={kept ? t(texts.passwordKept) : undefined}
            autoComplete="new-password"
          />
        </Form.Item>
      </Numbers>
      <More>
        <Form.Item
          name="serverThumbprint"
          label={t(texts.thumbprint)}
          extra={t(texts.thumbprintHint)}
          rules={[{ pattern: /^\s*([0-9a-f]{40})?\s*$/i, message: t(texts.thumbprintWrong) }]}
        >
          <Input className="mono" maxLength={50} />
        </Form.Item>
        <Numbers>
          <Whole name="samplingIntervalMs" label={t(texts.sampling)} min={10} max={3_600_000} />
          <Whole name="publishingIntervalMs" label={t(texts.publishing)} min={50} max={3_600_000} />
          <Whole name="timeoutMs" label={t(texts.timeout)} min={500} max={60_000} />
        </Numbers>
      </More>
    </>
  );
}
