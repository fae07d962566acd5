import { type IssuedAccessKey, topicFilterFault } from '@luban/contracts';
import { useMutation } from '@tanstack/react-query';
import { Button, Form, Input, Modal, Select } from 'antd';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { Secret } from '../design/secret.tsx';
import { accessTexts as texts } from '../language/access-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { connectCommand } from './connect-command.ts';

interface Fields {
  name: string;
  publish: string;
  subscribe: string;
  days: number | null;
}
const first: Omit<Fields, 'name'> = { publish: 'apps/%c/#', subscribe: 'apps/%c/#\nthings/#', days: 365 };
const dayMs = 86_400_000;
const most = 50;

const linesOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Asks for a name, topics and a term; then shows the key, once, with a command to try it. */
export function AccessKeyForm({ close }: { close: () => void }) {
  const t = useText();
  const [form] = Form.useForm<Fields>();
  const issue = useMutation({
    mutationFn: ({ name, publish, subscribe, days }: Fields) =>
      api.post<IssuedAccessKey>('/access-keys', {
        name: name.trim(),
        publish: linesOf(publish),
        subscribe: linesOf(subscribe),
        expiresAt: days === null ? null : new Date(Date.now() + days * dayMs).toISOString(),
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['access-keys'] }),
  });
  if (issue.data !== undefined) return <IssuedKey issued={issue.data} close={close} />;

  /** Says of the first wrong line which one it is and what is wrong with it. */
  const checkTopics = (_: unknown, text: string) => {
    const lines = linesOf(text);
    if (lines.length > most) return Promise.reject(new Error(t(texts.tooMany)));
    for (const line of lines) {
      const fault = topicFilterFault(line);
      if (fault !== null) return Promise.reject(new Error(`${line}: ${t(fault)}`));
    }
    return Promise.resolve();
  };
  const checkAny = () =>
    linesOf(form.getFieldValue('publish')).length + linesOf(form.getFieldValue('subscribe')).length > 0
      ? Promise.resolve()
      : Promise.reject(new Error(t(texts.topicsNeeded)));
  const topics = { autoSize: { minRows: 2, maxRows: 8 }, className: 'mono', spellCheck: false };
  return (
    <Modal
      open
      title={t(texts.add)}
      onCancel={close}
      onOk={form.submit}
      okText={t(texts.add)}
      cancelText={t(shared.cancel)}
      confirmLoading={issue.isPending}
      width={520}
    >
      <Problem error={issue.error} />
      <Form form={form} layout="vertical" requiredMark={false} onFinish={issue.mutate} initialValues={first}>
        <Form.Item
          name="name"
          label={t(texts.name)}
          rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
        >
          <Input maxLength={120} autoFocus autoComplete="off" placeholder={t(texts.nameExample)} />
        </Form.Item>
        <Form.Item
          name="publish"
          label={t(texts.publish)}
          extra={t(texts.topicsHint)}
          dependencies={['subscribe']}
          rules={[{ validator: checkTopics }, { validator: checkAny }]}
        >
          <Input.TextArea {...topics} />
        </Form.Item>
        <Form.Item
          name="subscribe"
          label={t(texts.subscribe)}
          extra={t(texts.thingsHint)}
          rules={[{ validator: checkTopics }]}
        >
          <Input.TextArea {...topics} />
        </Form.Item>
        <Form.Item name="days" label={t(texts.expiry)}>
          <Select
            options={[
              ...[30, 90, 365].map((days) => ({ value: days, label: t(texts.days)(days) })),
              { value: null, label: t(texts.forEver) },
            ]}
          />
        </Form.Item>
      </Form>
    </Modal>
  );
}

function IssuedKey({ issued, close }: { issued: IssuedAccessKey; close: () => void }) {
  const t = useText();
  return (
    <Modal
      open
      title={issued.name}
      onCancel={close}
      width={620}
      // A click beside it must not lose a key that is shown once.
      mask={{ closable: false }}
      footer={
        <Button type="primary" onClick={close}>
          {t(texts.done)}
        </Button>
      }
    >
      <p>{t(texts.once)}</p>
      <Secret text={issued.secret} />
      <p className="second">{t(texts.tryIt)}</p>
      <Secret text={connectCommand(issued, location.hostname)} />
    </Modal>
  );
}
