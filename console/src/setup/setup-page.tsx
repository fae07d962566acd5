import type { Me, Setup } from '@luban/contracts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Button, Form, Input, Select, Switch } from 'antd';
import { useState } from 'react';
import { ApiError } from '../api/api-error.ts';
import { meQuery, setupQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { zoneOffset } from '../design/format-time.ts';
import { Problem } from '../design/problem.tsx';
import { useLanguage, useText } from '../language/language.tsx';
import { setupTexts as texts } from '../language/setup-texts.ts';
import { shared } from '../language/shared-texts.ts';
import { signInTexts } from '../language/sign-in-texts.ts';
import { Door } from '../shell/door.tsx';
import './setup.css';

const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const zones = [...new Set(['Asia/Shanghai', here, 'UTC', ...Intl.supportedValuesOf('timeZone')])];
type Given = Setup['owner'] & { plantName: string; timeZone: string; demoPlant: boolean; code?: string };

/** The first visit: language, owner, plant. */
export function SetupPage() {
  const t = useText();
  const { language } = useLanguage();
  const navigate = useNavigate();
  const [step, setStep] = useState(0);
  const [form] = Form.useForm<Given>();
  const state = useQuery(setupQuery);
  const finish = useMutation({
    mutationFn: (given: Given) =>
      api.post<Me>(
        '/setup',
        {
          language,
          owner: { name: given.name.trim(), email: given.email, password: given.password },
          plant: { name: given.plantName.trim(), timeZone: given.timeZone },
          demoPlant: given.demoPlant,
        } satisfies Setup,
        given.code === undefined ? undefined : { 'x-luban-setup-code': given.code.trim() },
      ),
    meta: { door: true },
    onSuccess: async (me) => {
      queryClient.clear();
      queryClient.setQueryData(meQuery.queryKey, me);
      await navigate({ to: '/' });
    },
  });
  // Only the fields of the step on screen are mounted, and so checked; the form keeps the others' values.
  const forward = () => (step < 2 ? setStep(step + 1) : finish.mutate(form.getFieldsValue(true) as Given));
  if (state.data?.needed === false && !finish.isSuccess) {
    return (
      <Door>
        <h1>{t(texts.already)}</h1>
        <Link to="/sign-in">
          <Button type="primary" block style={{ marginTop: 20 }}>
            {t(signInTexts.title)}
          </Button>
        </Link>
      </Door>
    );
  }
  return (
    <Door>
      <h1>{t(texts.title)}</h1>
      <p className="second">{t(texts.lead)}</p>
      <ol className="wizard-steps" aria-label={t(texts.step)(step + 1)}>
        {[texts.languageStep, texts.ownerStep, texts.plantStep].map((text, i) => (
          <li
            key={text.en}
            className={i === step ? 'now' : i < step ? 'done' : ''}
            aria-current={i === step ? 'step' : undefined}
          >
            <span className="num">{i + 1}</span>
            {t(text)}
          </li>
        ))}
      </ol>
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={forward}
        initialValues={{ timeZone: here === 'UTC' ? 'Asia/Shanghai' : here, demoPlant: true }}
      >
        {step === 0 && <LanguageStep />}
        {step === 1 && (
          <div>
            <p className="second" style={{ marginBottom: 14 }}>
              {t(texts.ownerLead)}
            </p>
            <Form.Item
              name="name"
              label={t(texts.yourName)}
              rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
            >
              <Input autoComplete="name" maxLength={120} />
            </Form.Item>
            <Form.Item
              name="email"
              label={t(texts.email)}
              validateTrigger="onBlur"
              rules={[{ required: true, type: 'email', message: t(texts.emailWrong) }]}
            >
              <Input type="email" autoComplete="username" />
            </Form.Item>
            <Form.Item
              name="password"
              label={t(texts.password)}
              extra={t(texts.passwordHint)}
              validateTrigger="onBlur"
              rules={[{ required: true, min: 10, message: t(texts.passwordShort) }]}
            >
              <Input.Password autoComplete="new-password" maxLength={200} />
            </Form.Item>
          </div>
        )}
        {step === 2 && (
          <div>
            <p className="second" style={{ marginBottom: 14 }}>
              {t(texts.plantLead)}
            </p>
            <Form.Item
              name="plantName"
              label={t(texts.plantName)}
              rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
            >
              <Input placeholder={t(texts.plantExample)} maxLength={120} />
            </Form.Item>
            <Form.Item name="timeZone" label={t(texts.timeZone)}>
              <Select
                showSearch
                options={zones.map((zone) => ({ value: zone, label: `${zone} (${zoneOffset(Date.now(), zone)})` }))}
              />
            </Form.Item>
            <div className="demo">
              <label htmlFor="demoPlant">
                <b>{t(texts.demo)}</b>
                <small>{t(texts.demoText)}</small>
              </label>
              <Form.Item name="demoPlant" valuePropName="checked" noStyle>
                <Switch id="demoPlant" />
              </Form.Item>
            </div>
          </div>
        )}
        <Problem error={finish.error} />
        {finish.error instanceof ApiError && finish.error.code === 'setup.code-required' && (
          <Form.Item
            name="code"
            label={t(texts.code)}
            extra={t(texts.codeHint)}
            rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
          >
            <Input className="mono" placeholder="xxxx-xxxx-xxxx" autoComplete="off" />
          </Form.Item>
        )}
        <div className="row" style={{ justifyContent: 'space-between', marginTop: 20 }}>
          {step > 0 ? <Button onClick={() => setStep(step - 1)}>{t(texts.back)}</Button> : <span />}
          <Button type="primary" htmlType="submit" loading={finish.isPending}>
            {t(step < 2 ? texts.next : texts.finish)}
          </Button>
        </div>
      </Form>
    </Door>
  );
}

function LanguageStep() {
  const { language, setLanguage } = useLanguage();
  return (
    <div className="choices">
      {(['zh', 'en'] as const).map((one) => (
        <button key={one} type="button" aria-pressed={language === one} onClick={() => setLanguage(one)} lang={one}>
          <b>{one === 'zh' ? '中文' : 'English'}</b>
          <small>{one === 'zh' ? '界面使用简体中文' : 'Use the console in English'}</small>
        </button>
      ))}
    </div>
  );
}
