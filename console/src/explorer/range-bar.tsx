import { CalendarOutlined, LeftOutlined, RightOutlined, ZoomOutOutlined } from '@ant-design/icons';
import { Button, Popover, Segmented, Select, Tooltip } from 'antd';
import { useState } from 'react';
import { formatFull, fromFieldTime, toFieldTime } from '../design/format-time.ts';
import { useZone } from '../design/moment.tsx';
import { lastTexts, explorerTexts as texts } from '../language/explorer-texts.ts';
import { useText } from '../language/language.tsx';
import { type Last, lasts, type Span, shifted, type TimeRange, widened } from './time-range.ts';

interface Given {
  range: TimeRange;
  span: Span;
  choose: (range: TimeRange) => void;
}

/** The one time picker: back from now, or from one moment to another in the plant's zone. */
export function RangeBar({ range, span, choose }: Given) {
  const t = useText();
  const [open, setOpen] = useState(false);
  const options = (Object.keys(lasts) as Last[]).map((last) => ({ value: last as string, label: t(lastTexts[last]) }));
  const value = range.kind === 'last' ? range.last : '';
  const chooseLast = (last: string) => last !== '' && choose({ kind: 'last', last: last as Last });
  const narrow = matchMedia('(max-width: 767px)').matches;
  return (
    <div className="range-bar">
      {narrow ? (
        <Select
          value={value === '' ? undefined : value}
          placeholder={t(texts.custom)}
          options={options}
          onChange={chooseLast}
          style={{ width: 104 }}
          aria-label={t(texts.title)}
        />
      ) : (
        <Segmented value={value} options={options} onChange={chooseLast} />
      )}
      <Popover
        trigger="click"
        open={open}
        onOpenChange={setOpen}
        placement="bottom"
        destroyOnHidden
        content={
          <CustomRange
            span={span}
            choose={(next) => {
              setOpen(false);
              choose(next);
            }}
          />
        }
      >
        <Button
          icon={<CalendarOutlined />}
          type={range.kind === 'fixed' ? 'primary' : 'default'}
          ghost={range.kind === 'fixed'}
        >
          {range.kind === 'fixed' ? <FixedText span={span} /> : t(texts.custom)}
        </Button>
      </Popover>
      <Tooltip title={t(texts.earlier)}>
        <Button icon={<LeftOutlined />} aria-label={t(texts.earlier)} onClick={() => choose(shifted(span, -1))} />
      </Tooltip>
      <Tooltip title={t(texts.later)}>
        <Button
          icon={<RightOutlined />}
          aria-label={t(texts.later)}
          disabled={range.kind === 'last'}
          onClick={() => choose(shifted(span, 1))}
        />
      </Tooltip>
      <Tooltip title={t(texts.wider)}>
        <Button
          icon={<ZoomOutOutlined />}
          aria-label={t(texts.wider)}
          onClick={() => choose(widened(span, Date.now()))}
        />
      </Tooltip>
    </div>
  );
}

function FixedText({ span }: { span: Span }) {
  const zone = useZone();
  const [from, to] = [toFieldTime(span.fromMs, zone), toFieldTime(span.toMs, zone)];
  const sameDay = from.slice(0, 10) === to.slice(0, 10);
  return (
    <span className="num" title={`${formatFull(span.fromMs, zone)} – ${formatFull(span.toMs, zone)}`}>
      {from.slice(5).replace('T', ' ')} – {sameDay ? to.slice(11) : to.slice(5).replace('T', ' ')}
    </span>
  );
}

function CustomRange({ span, choose }: { span: Span; choose: (range: TimeRange) => void }) {
  const t = useText();
  const zone = useZone();
  const [from, setFrom] = useState(() => toFieldTime(span.fromMs, zone));
  const [to, setTo] = useState(() => toFieldTime(span.toMs, zone));
  const [fromMs, toMs] = [fromFieldTime(from, zone), fromFieldTime(to, zone)];
  const right = fromMs !== null && toMs !== null && toMs > fromMs;
  return (
    <form
      className="custom-range"
      onSubmit={(event) => {
        event.preventDefault();
        if (right) choose({ kind: 'fixed', fromMs, toMs });
      }}
    >
      <label>
        {t(texts.from)}
        <input type="datetime-local" step="1" value={from} onChange={(event) => setFrom(event.target.value)} />
      </label>
      <label>
        {t(texts.to)}
        <input type="datetime-local" step="1" value={to} onChange={(event) => setTo(event.target.value)} />
      </label>
      <small className={right ? 'quiet' : 'wrong'}>{right ? t(texts.zone)(zone) : t(texts.wrongRange)}</small>
      <Button type="primary" htmlType="submit" disabled={!right} block>
        {t(texts.apply)}
      </Button>
    </form>
  );
}
