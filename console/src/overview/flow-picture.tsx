import { CloudServerOutlined, ClusterOutlined, DatabaseOutlined, HddOutlined } from '@ant-design/icons';
import type { Flow } from '@luban/contracts';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { formatBytes, formatCount, formatRate } from '../design/format-number.ts';
import { formatLag } from '../design/format-time.ts';
import { useLanguage, useText } from '../language/language.tsx';
import { overviewTexts as texts } from '../language/overview-texts.ts';
import { flowLinks, flowWords, type LinkState, type StepWords } from './flow-words.ts';
import './overview.css';

const shownEdges = 4;

/** devices → edges → ingest → storage, with what each step does now and says. */
export function FlowPicture({ flow }: { flow: Flow }) {
  const t = useText();
  const { language } = useLanguage();
  const words = flowWords(flow);
  const [first, second, third] = flowLinks(flow);
  const { devices, edges, ingest, log, storage } = flow;
  const collected = edges.reduce((sum, edge) => sum + edge.samplesPerSecond, 0);
  const sorted = [...edges].sort((a, b) => Number(a.state === 'ok') - Number(b.state === 'ok'));
  const lag = (ms: number | null) => (ms === null ? '—' : formatLag(ms, language));
  return (
    <div className="flow">
      <StepCard
        icon={<HddOutlined />}
        name={t(texts.devices)}
        words={words.devices}
        big={String(devices.online)}
        small={t(texts.ofDevices)(String(devices.online + devices.degraded + devices.offline))}
      >
        <Fact name={t(texts.degraded)} value={devices.degraded} />
        <Fact name={t(texts.offline)} value={devices.offline} />
      </StepCard>
      <FlowLink state={first} rate={collected} />
      <StepCard
        icon={<ClusterOutlined />}
        name={t(texts.edges)}
        words={words.edges}
        big={formatRate(collected, language)}
        small={t(texts.perSecond)}
      >
        {sorted.slice(0, shownEdges).map((edge) => (
          <div className="fact" key={edge.id}>
            <Link className="name" to="/edges/$id" params={{ id: edge.id }}>
              {edge.name}
            </Link>
            <dd className="num live">
              {edge.backlogSamples > 0 && `${t(texts.backlog)} ${formatCount(edge.backlogSamples, language)} · `}
              {edge.connected
                ? `${formatRate(edge.samplesPerSecond, language)} /s · ${lag(edge.lagMs)}`
                : t(edge.state === 'idle' ? texts.awaited : texts.offline)}
            </dd>
          </div>
        ))}
        {edges.length > shownEdges && <Link to="/edges">+{edges.length - shownEdges}</Link>}
      </StepCard>
      <FlowLink state={second} rate={ingest.samplesPerSecond} />
      <StepCard
        icon={<CloudServerOutlined />}
        name={t(texts.ingest)}
        words={words.ingest}
        big={formatRate(ingest.samplesPerSecond, language)}
        small={t(texts.perSecond)}
      >
        <Fact name={t(texts.messages)} value={formatRate(ingest.messagesPerSecond, language)} />
        {ingest.connections !== null && (
          <Fact name={t(texts.connections)} value={formatCount(ingest.connections, language)} />
        )}
        {log.bytes !== null && <Fact name={t(texts.logSize)} value={formatBytes(log.bytes)} />}
      </StepCard>
      <FlowLink state={third} rate={storage.samplesPerSecond} />
      <StepCard
        icon={<DatabaseOutlined />}
        name={t(texts.storage)}
        words={words.storage}
        big={formatRate(storage.samplesPerSecond, language)}
        small={t(texts.perSecond)}
      >
        <Fact name={t(texts.total)} value={formatCount(storage.samples, language)} />
        {storage.bytes !== null && <Fact name={t(texts.disk)} value={formatBytes(storage.bytes)} />}
        {log.backlogRecords !== null && (
          <Fact name={t(texts.waiting)} value={formatCount(log.backlogRecords, language)} />
        )}
      </StepCard>
    </div>
  );
}

function StepCard(props: {
  icon: ReactNode;
  name: string;
  words: StepWords;
  big: string;
  small: string;
  children: ReactNode;
}) {
  const t = useText();
  const { state, text } = props.words;
  return (
    <section className={`step ${state}`} aria-label={props.name}>
      <div className="step-name">
        {props.icon}
        <span>{props.name}</span>
        <i className={`dot ${state}`} aria-hidden="true" />
      </div>
      <div className="big num live">
        {props.big} <small>{props.small}</small>
      </div>
      <dl className="facts">{props.children}</dl>
      <p className="step-words">{t(text)}</p>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd className="num live">{value}</dd>
    </div>
  );
}

function FlowLink({ state, rate }: { state: LinkState; rate: number }) {
  const moving = state === 'flowing' || state === 'strained';
  // Faster with the logarithm of the rate: 1/s crawls, 100,000/s runs.
  const pace = `${(1.5 / (1 + Math.log10(1 + rate) / 2)).toFixed(2)}s`;
  return (
    <div className={`link ${state}`} aria-hidden="true">
      <svg aria-hidden="true" width="52" height="16" viewBox="0 0 52 16" style={{ ['--pace' as string]: pace }}>
        <line x1="4" y1="8" x2="48" y2="8" />
        {moving && <line className="drops moving" x1="4" y1="8" x2="48" y2="8" />}
        {state === 'broken' && (
          <>
            <rect className="cross-back" x="17" y="0" width="18" height="16" />
            <path className="cross" d="M22 4l8 8M30 4l-8 8" />
          </>
        )}
      </svg>
    </div>
  );
}
