import { PlusOutlined, TableOutlined } from '@ant-design/icons';
import type { ThingModel } from '@luban/contracts';
import { useMutation } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Button, Form, Input } from 'antd';
import { useCallback, useMemo, useState } from 'react';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { VirtualRows } from '../design/virtual-rows.tsx';
import { useText } from '../language/language.tsx';
import { modelsTexts as texts } from '../language/models-texts.ts';
import { shared } from '../language/shared-texts.ts';
import { thingsTexts } from '../language/things-texts.ts';
import { PasteProperties } from './paste-properties.tsx';
import { draftErrors, draftOf, emptyDraft, isBlank, type PropertyDraft, propertyOf } from './property-draft.ts';
import { PropertyHead, PropertyRow } from './property-row.tsx';
import './models.css';

interface Fields {
  key: string;
  zh: string;
  en: string;
}

/** Makes a thing model: its names and a table of properties. */
export function ModelEditor({ base }: { base: ThingModel | null }) {
  const t = useText();
  const navigate = useNavigate();
  const [drafts, setDrafts] = useState<readonly PropertyDraft[]>(() =>
    base === null ? Array.from({ length: 3 }, emptyDraft) : base.properties.map(draftOf),
  );
  const [pasting, setPasting] = useState(false);
  const [tried, setTried] = useState(false);
  const set = useCallback(
    (draft: PropertyDraft) => setDrafts((before) => before.map((one) => (one.id === draft.id ? draft : one))),
    [],
  );
  const remove = useCallback((id: string) => setDrafts((before) => before.filter((one) => one.id !== id)), []);
  const filled = useMemo(() => drafts.filter((draft) => !isBlank(draft)), [drafts]);
  const errors = useMemo(() => draftErrors(drafts), [drafts]);
  const taken = useMemo(() => filled.map(({ key }) => key.trim()), [filled]);
  const save = useMutation({
    mutationFn: ({ key, zh, en }: Fields) =>
      api.post<ThingModel>('/thing-models', {
        key: key.trim(),
        name: { zh: (zh ?? '').trim() || en.trim(), en: (en ?? '').trim() || zh.trim() },
        properties: filled.map(propertyOf),
        services: base?.services ?? [],
        events: base?.events ?? [],
      }),
    onSuccess: async (model) => {
      await queryClient.invalidateQueries({ queryKey: ['models'] });
      await navigate({ to: '/thing-models/$id', params: { id: model.id } });
    },
  });
  const finish = (fields: Fields) => {
    setTried(true);
    if (errors.size === 0 && filled.length > 0) save.mutate(fields);
  };
  const oneName = ({ getFieldValue }: { getFieldValue: (name: string) => string | undefined }) => ({
    validator: async () => {
      if (!getFieldValue('zh')?.trim() && !getFieldValue('en')?.trim()) throw new Error(t(texts.oneName));
    },
  });
  return (
    <div className="page">
      <header style={{ display: 'grid', gap: 6 }}>
        <div className="crumbs">
          <Link to="/things">{t(thingsTexts.title)}</Link>
          <span>
            / <Link to="/thing-models">{t(texts.title)}</Link>
          </span>
        </div>
        <h1>{t(texts.add)}</h1>
      </header>
      <Form
        className="model-form"
        layout="vertical"
        requiredMark={false}
        onFinish={finish}
        initialValues={base === null ? undefined : { zh: base.name.zh, en: base.name.en }}
      >
        <section className="panel model-names">
          <Form.Item
            name="key"
            label={t(texts.key)}
            extra={t(texts.keyHint)}
            validateTrigger="onBlur"
            rules={[{ required: true, pattern: /^\s*[a-z][a-z0-9-]*\s*$/, message: t(texts.keyHint) }]}
          >
            <Input className="mono" maxLength={60} autoFocus placeholder="air-compressor" />
          </Form.Item>
          <Form.Item name="zh" label={t(texts.zh)} extra={t(texts.oneName)} dependencies={['en']} rules={[oneName]}>
            <Input maxLength={120} />
          </Form.Item>
          <Form.Item name="en" label={t(texts.en)}>
            <Input maxLength={120} />
          </Form.Item>
        </section>
        <section className="panel">
          <div className="panel-head">
            <h2>
              {t(texts.properties)} <span className="quiet num">{filled.length}</span>
            </h2>
            <div className="row push">
              <Button size="small" icon={<TableOutlined />} onClick={() => setPasting(true)}>
                {t(texts.paste)}
              </Button>
              <Button
                size="small"
                icon={<PlusOutlined />}
                onClick={() => setDrafts((before) => [...before, emptyDraft()])}
              >
                {t(texts.addRow)}
              </Button>
            </div>
          </div>
          <VirtualRows
            count={drafts.length}
            rowPx={58}
            className="property-draft"
            minWidth={1000}
            head={<PropertyHead />}
            row={(i) => {
              const draft = drafts[i];
              return (
                draft && (
                  <PropertyRow
                    key={draft.id}
                    draft={draft}
                    error={errors.get(draft.id) ?? null}
                    set={set}
                    remove={remove}
                  />
                )
              );
            }}
          />
        </section>
        <Problem error={save.error} />
        <div className="row wrap">
          <Button type="primary" htmlType="submit" loading={save.isPending}>
            {t(shared.save)}
          </Button>
          <Link to="/thing-models">
            <Button>{t(shared.cancel)}</Button>
          </Link>
          {tried && (errors.size > 0 || filled.length === 0) && (
            <span role="alert" style={{ color: 'var(--broken)' }}>
              {errors.size > 0 ? t(texts.wrongRows)(errors.size) : t(texts.noProperties)}
            </span>
          )}
        </div>
      </Form>
      {pasting && (
        <PasteProperties
          taken={taken}
          close={() => setPasting(false)}
          take={(more) => setDrafts((before) => [...before.filter((one) => !isBlank(one)), ...more])}
        />
      )}
    </div>
  );
}
