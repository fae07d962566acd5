import { CheckCircleOutlined } from '@ant-design/icons';
import type { Edge, EdgeCredentials } from '@luban/contracts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Alert, Button, Form, Input, Modal, Spin } from 'antd';
import type { EnrolmentToken } from '../api/api-types.ts';
import { edgeQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Moment } from '../design/moment.tsx';
import { Problem } from '../design/problem.tsx';
import { Secret } from '../design/secret.tsx';
import { edgesTexts as texts } from '../language/edges-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

interface Issued {
  edge: Edge;
  token: EnrolmentToken;
}

/** Names a new edge (or takes one that waits), gives the command, and watches it arrive. */
export function Enrol({ edge, close }: { edge: Edge | null; close: () => void }) {
  const t = useText();
  const enrol = useMutation({
    mutationFn: async (fields: { name: string }): Promise<Issued> => {
      const made = edge ?? (await api.post<Edge>('/edges', { name: fields.name.trim() }));
      return { edge: made, token: await api.post<EnrolmentToken>(`/edges/${made.id}/enrolment-token`) };
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['edges'] }),
  });
  return (
    <Modal open title={t(texts.enrol)} onCancel={close} footer={null} width={560}>
      {enrol.data !== undefined ? (
        <Command issued={enrol.data} close={close} />
      ) : (
        <Form layout="vertical" requiredMark={false} onFinish={enrol.mutate} initialValues={{ name: edge?.name ?? '' }}>
          <p className="second" style={{ marginBottom: 14 }}>
            {t(edge === null ? texts.nameLead : texts.never)}
          </p>
          <Form.Item
            name="name"
            label={t(texts.name)}
            hidden={edge !== null}
            rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
          >
            <Input placeholder={t(texts.nameExample)} maxLength={120} autoFocus />
          </Form.Item>
          <Problem error={enrol.error} />
          <Button type="primary" htmlType="submit" loading={enrol.isPending} block>
            {t(texts.makeToken)}
          </Button>
        </Form>
      )}
    </Modal>
  );
}

function Command({ issued, close }: { issued: Issued; close: () => void }) {
  const t = useText();
  const now = useQuery({ ...edgeQuery(issued.edge.id), refetchInterval: 2000 }).data;
  const spend = useMutation({
    mutationFn: () => api.post<EdgeCredentials>('/edges/enrol', { token: issued.token.token, software: 'MQTT client' }),
  });
  return (
    <div style={{ display: 'grid', gap: 4 }}>
      {spend.data === undefined ? (
        <>
          <p>{t(texts.runThis)}</p>
          <Secret text={issued.token.command} />
          <p className="second">{t(texts.token)}</p>
          <Secret text={issued.token.token} />
          <p className="quiet">
            {t(texts.expires)} <Moment timeMs={Date.parse(issued.token.expiresAt)} />
          </p>
          <p className="row wrap second">
            {t(texts.otherProgram)}
            <Button size="small" loading={spend.isPending} onClick={() => spend.mutate()}>
              {t(texts.showKey)}
            </Button>
          </p>
        </>
      ) : (
        <>
          <p className="second">{t(texts.mqttUser)}</p>
          <Secret text={spend.data.edge} />
          <p className="second">{t(texts.mqttKey)}</p>
          <Secret text={spend.data.key} />
          <p className="quiet">{t(texts.keySpent)(spend.data.mqttPort)}</p>
        </>
      )}
      <Problem error={spend.error} />
      {now?.connected ? (
        <Alert
          type="success"
          showIcon
          icon={<CheckCircleOutlined />}
          title={t(texts.arrived)}
          action={
            <Link to="/edges/$id" params={{ id: issued.edge.id }} onClick={close}>
              {t(texts.open)}
            </Link>
          }
        />
      ) : (
        <p className="row second" style={{ marginTop: 8 }}>
          <Spin size="small" /> {t(texts.waitingFor)}
        </p>
      )}
    </div>
  );
}
