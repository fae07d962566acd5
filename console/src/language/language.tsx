import type { Language } from '@luban/contracts';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';

/** A text, or a function that makes one, in both languages: leaving one out is a type error. */
export interface Both<T = string> {
  readonly zh: T;
  readonly en: T;
}
export type Texts = Record<string, Both | Both<(...given: never[]) => string>>;

const key = 'luban.language';

function firstLanguage(): Language {
  const kept = localStorage.getItem(key);
  if (kept === 'zh' || kept === 'en') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

const context = createContext<{ language: Language; setLanguage: (language: Language) => void } | null>(null);

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  useEffect(() => {
    localStorage.setItem(key, language);
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  }, [language]);
  const value = useMemo(() => ({ language, setLanguage }), [language]);
  return <context.Provider value={value}>{children}</context.Provider>;
}

export function useLanguage() {
  const found = useContext(context);
  if (found === null) throw new Error('useLanguage needs a LanguageProvider above it');
  return found;
}

/** `t(texts.title)` is the text in the reader's language; `t(texts.count)(3)` where the text takes something. */
export function useText(): <T>(both: Both<T>) => T {
  const { language } = useLanguage();
  return useMemo(
    () =>
      <T,>(both: Both<T>) =>
        both[language],
    [language],
  );
}
