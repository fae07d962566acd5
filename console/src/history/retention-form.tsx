import type { Retention, RetentionPolicy, RetentionScope } from '@luban/contracts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Form, InputNumber, Modal, Segmented, Select } from 'antd';
import type { Tagged } from '../api/api-types.ts';
import { modelsQuery, retentionQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { scopeTexts, historyTexts as texts } from '../language/history-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

/** The rule that is open in the form. */
export interface Editing {
  scope: RetentionScope;
  target: string;
  policy: RetentionPolicy;
  /** Of all rules, as they were when it was opened. */
  etag: string;
  isNew: boolean;
}

interface Fields {
  scope: RetentionScope;
  model?: string;
  series?: number;
  sampleDays: number | null;
  minuteDays: number | null;
  hourDays: number | null;
}

export function RetentionForm({ editing, close }: { editing: Editing; close: () => void }) {
  const t = useText();
  const { language } = useLanguage();
  const [form] = Form.useForm<Fields>();
  const scope = Form.useWatch('scope', form) ?? editing.scope;
  const models = useQuery({ ...modelsQuery, enabled: editing.isNew });
  const save = useMutation({
    mutationFn: ({ model, series, sampleDays, minuteDays, hourDays }: Fields) =>
      api.put<Tagged<Retention>>(
        '/retention',
        {
          scope,
          target: !editing.isNew ? editing.target : scope === 'model' ? model : String(series),
          policy: { sampleDays: sampleDays ?? null, minuteDays: minuteDays ?? null, hourDays: hourDays ?? null },
        },
        editing.etag,
      ),
    onSuccess: (data) => {
      queryClient.setQueryData(retentionQuery.queryKey, data);
      close();
    },
  });
  const days = (name: 'sampleDays' | 'minuteDays' | 'hourDays', label: string) => (
    <Form.Item name={name} label={label}>
      <InputNumber min={1} max={36_500} precision={0} placeholder={t(texts.forever)} style={{ width: '100%' }} />
    </Form.Item>
  );
  return (
    <Modal
      open
      title={editing.isNew ? t(texts.addRule) : t(texts.editRule)}
      onCancel={close}
      onOk={form.submit}
      okText={t(shared.save)}
      confirmLoading={save.isPending}
      width={440}
    >
      <Problem error={save.error} reload={close} />
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={save.mutate}
        initialValues={{ scope: editing.scope, ...editing.policy }}
      >
        {editing.isNew && (
          <>
            <Form.Item name="scope">
              <Segmented
                options={(['model', 'point'] as const).map((value) => ({ value, label: t(scopeTexts[value]) }))}
              />
            </Form.Item>
            {scope === 'model' ? (
              <Form.Item name="model" label={t(texts.model)} rules={[{ required: true, message: t(shared.required) }]}>
                <Select
                  showSearch={{ optionFilterProp: 'label' }}
                  options={(models.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name[language] }))}
                />
              </Form.Item>
            ) : (
              <Form.Item
                name="series"
                label={t(texts.series)}
                extra={t(texts.seriesHint)}
                rules={[{ required: true, message: t(shared.required) }]}
              >
                <InputNumber min={1} precision={0} style={{ width: '100%' }} />
              </Form.Item>
            )}
          </>
        )}
        <p className="quiet">{t(texts.daysHint)}</p>
        {days('sampleDays', t(texts.samples))}
        {days('minuteDays', t(texts.minutes))}
        {days('hourDays', t(texts.hours))}
        <p className="second">{t(texts.shorterWarning)}</p>
      </Form>
    </Modal>
  );
}
