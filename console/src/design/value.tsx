import { type Reading, type Unit, units } from '@luban/contracts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { formatNumber } from './format-number.ts';

export function unitSymbol(unit: Unit | null): string {
  return unit === null ? '' : units[unit].symbol;
}

/** A reading's value with its unit. Stale and bad values look it. */
export function Value(props: { reading: Reading | null; unit: Unit | null; decimals: number | null; stale?: boolean }) {
  const { reading, unit, decimals, stale = false } = props;
  const t = useText();
  if (reading === null) return <span className="quiet">{t(shared.noSample)}</span>;
  const { value } = reading;
  const state = reading.quality === 'bad' ? ' bad' : stale ? ' stale' : '';
  if (value === null) return <span className="value quiet">—</span>;
  const text =
    typeof value === 'number'
      ? formatNumber(value, decimals)
      : typeof value === 'boolean'
        ? t(value ? shared.yes : shared.no)
        : typeof value === 'string'
          ? value
          : JSON.stringify(value);
  const symbol = typeof value === 'number' ? unitSymbol(unit) : '';
  return (
    <span className={`value num live${state}`} title={typeof value === 'number' ? undefined : text}>
      {text}
      {symbol !== '' && <span className="unit">{symbol}</span>}
    </span>
  );
}
