import { BulbOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import type { ReactNode } from 'react';
import { useTheme } from '../design/theme.tsx';
import { useLanguage, useText } from '../language/language.tsx';
import { shell } from '../language/shell-texts.ts';
import { Brand } from './brand.tsx';

/** The page of those who are not inside yet: sign-in, link, wizard. */
export function Door({ children }: { children: ReactNode }) {
  const t = useText();
  const { language, setLanguage } = useLanguage();
  const { name, setName } = useTheme();
  return (
    <div className="door">
      <header className="door-head">
        <Brand />
        <span className="row">
          <Button type="text" onClick={() => setLanguage(language === 'zh' ? 'en' : 'zh')}>
            {t(shell.language)}
          </Button>
          <Button
            type="text"
            icon={<BulbOutlined />}
            aria-label={t(name === 'dark' ? shell.light : shell.dark)}
            onClick={() => setName(name === 'dark' ? 'light' : 'dark')}
          />
        </span>
      </header>
      <main className="panel card">{children}</main>
      <footer className="quiet">{t(shell.product)}</footer>
    </div>
  );
}
