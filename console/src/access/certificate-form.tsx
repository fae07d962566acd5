import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { App, Button, Form, Input, Modal, Segmented, Select } from 'antd';
import { useRef } from 'react';
import { accessKeysQuery, edgesQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { ThingSelect } from '../device/thing-select.tsx';
import { certificateTexts as texts } from '../language/certificate-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

type By = 'certificate' | 'fingerprint' | 'issuer';
interface Fields {
  kind: 'thing' | 'edge' | 'access';
  holder: string;
  by: By;
  text: string;
}
const first: Partial<Fields> = { kind: 'thing', by: 'certificate' };

/** Binds a certificate, or what an authority issues, to a thing, an edge or an access key. */
export function CertificateForm({ close }: { close: () => void }) {
  const t = useText();
  const [form] = Form.useForm<Fields>();
  const kind = Form.useWatch('kind', form) ?? 'thing';
  const by = Form.useWatch('by', form) ?? 'certificate';
  const bind = useMutation({
    mutationFn: ({ holder, by: how, text }: Fields) => api.post('/client-certificates', { holder, [how]: text.trim() }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['client-certificates'] });
      close();
    },
  });
  const checkText = (_: unknown, text: string | undefined) => {
    const given = (text ?? '').trim();
    if (given === '') return Promise.reject(new Error(t(shared.required)));
    if (by === 'fingerprint')
      return /^([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i.test(given)
        ? Promise.resolve()
        : Promise.reject(new Error(t(texts.notFingerprint)));
    const isCertificate = given.includes('-----BEGIN CERTIFICATE-----') && !given.includes('PRIVATE KEY');
    return isCertificate ? Promise.resolve() : Promise.reject(new Error(t(texts.notPem)));
  };
  return (
    <Modal
      open
      title={t(texts.bind)}
      onCancel={close}
      onOk={form.submit}
      okText={t(texts.bind)}
      cancelText={t(shared.cancel)}
      confirmLoading={bind.isPending}
      width={560}
    >
      <Problem error={bind.error} />
      <Form form={form} layout="vertical" requiredMark={false} onFinish={bind.mutate} initialValues={first}>
        <Form.Item name="kind" label={t(texts.holderKind)}>
          <Segmented
            onChange={() => form.resetFields(['holder'])}
            options={(['thing', 'edge', 'access'] as const).map((value) => ({ value, label: t(texts[value]) }))}
          />
        </Form.Item>
        <Form.Item name="holder" label={t(texts[kind])} rules={[{ required: true, message: t(shared.required) }]}>
          <HolderSelect kind={kind} />
        </Form.Item>
        <Form.Item name="by" label={t(texts.by)}>
          <Segmented
            onChange={() => form.resetFields(['text'])}
            options={[
              { value: 'certificate', label: t(texts.byCertificate) },
              { value: 'fingerprint', label: t(texts.byFingerprint) },
              { value: 'issuer', label: t(texts.byIssuer) },
            ]}
          />
        </Form.Item>
        <Form.Item
          name="text"
          label={t(by === 'fingerprint' ? texts.fingerprint : by === 'issuer' ? texts.issuerPem : texts.pem)}
          extra={by === 'issuer' ? t(texts.issuerHint) : undefined}
          rules={[{ validator: checkText }]}
        >
          {by === 'fingerprint' ? (
            <Input className="mono" autoComplete="off" spellCheck={false} placeholder="67:2A:…" />
          ) : (
            <Input.TextArea
              className="mono"
              spellCheck={false}
              autoSize={{ minRows: 4, maxRows: 8 }}
              placeholder="-----BEGIN CERTIFICATE-----"
            />
          )}
        </Form.Item>
        {by !== 'fingerprint' && (
          <FileButton take={(text) => form.setFields([{ name: 'text', value: text, errors: [] }])} />
        )}
      </Form>
    </Modal>
  );
}

interface HolderSelectProps {
  kind: Fields['kind'];
  value?: string;
  onChange?: (holder: string) => void;
}

/** The form item gives value and onChange. */
function HolderSelect({ kind, value, onChange }: HolderSelectProps) {
  const t = useText();
  const edges = useQuery({ ...edgesQuery, enabled: kind === 'edge' });
  const keys = useInfiniteQuery({ ...accessKeysQuery, enabled: kind === 'access' });
  if (kind === 'thing') return <ThingSelect value={value ?? null} onChange={(thing) => onChange?.(thing)} />;
  const found =
    kind === 'edge'
      ? edges.data?.items
      : keys.data?.pages.flatMap((page) => page.items).filter(({ revokedAt }) => revokedAt === null);
  return (
    <Select
      value={value ?? null}
      onChange={(holder: string | null) => holder !== null && onChange?.(holder)}
      loading={found === undefined}
      showSearch={{ optionFilterProp: 'label' }}
      placeholder={t(kind === 'edge' ? texts.chooseEdge : texts.chooseKey)}
      options={(found ?? []).map(({ id, name }) => ({ value: id as string, label: name }))}
    />
  );
}

function FileButton({ take }: { take: (text: string) => void }) {
  const t = useText();
  const { message } = App.useApp();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".pem,.crt,.cer"
        style={{ display: 'none' }}
        onChange={({ target }) => {
          const file = target.files?.[0];
          target.value = '';
          file?.text().then(take, (error: Error) => message.error(`${file.name}: ${error.message}`));
        }}
      />
      <Button size="small" onClick={() => input.current?.click()}>
        {t(texts.readFile)}
      </Button>
    </>
  );
}
