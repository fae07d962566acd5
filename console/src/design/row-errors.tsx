import { deviceTexts as texts } from '../language/device-texts.ts';
import { useText } from '../language/language.tsx';
import type { RowError } from './sheet.ts';

const shown = 50;

/** What is wrong with a pasted sheet, row by row. */
export function RowErrors({ errors }: { errors: readonly RowError[] }) {
  const t = useText();
  if (errors.length === 0) return null;
  return (
    <div className="row-errors" role="alert">
      {errors.slice(0, shown).map(({ line, text }) => (
        <p key={line}>
          <span className="num quiet">{t(texts.line)(line)}</span> {t(text)}
        </p>
      ))}
      {errors.length > shown && <p className="quiet">{t(texts.andMore)(errors.length - shown)}</p>}
    </div>
  );
}
