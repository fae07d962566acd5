import { theme as antd, ConfigProvider, type ThemeConfig } from 'antd';
import en from 'antd/locale/en_US';
import zh from 'antd/locale/zh_CN';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { useLanguage } from '../language/language.tsx';

export type ThemeName = 'light' | 'dark';
const key = 'luban.theme';

/** The tokens of tokens.css that Ant Design and the charts compute with and so need as plain colours. */
export const palettes = {
  light: {
    bg: '#f5f6f8',
    surface: '#ffffff',
    raised: '#ffffff',
    line: '#e2e5ea',
    lineStrong: '#cdd2da',
    text: '#191d24',
    text2: '#545d6b',
    text3: '#667080',
    accent: '#3451b2',
    ok: '#1f8a5b',
    warning: '#a35c00',
    broken: '#c32f3a',
    hover: '#f0f2f5',
    series: [
      '#3451b2',
      '#c2571a',
      '#1f8a5b',
      '#8a3fa8',
      '#0b7f93',
      '#a3780a',
      '#c0367a',
      '#5a6b2b',
      '#5b5fd6',
      '#7a4b2a',
    ],
  },
  dark: {
    bg: '#0e1116',
    surface: '#151920',
    raised: '#1b2029',
    line: '#252c37',
    lineStrong: '#374151',
    text: '#e7eaee',
    text2: '#a5afbd',
    text3: '#828d9c',
    accent: '#8fa6ff',
    ok: '#4cc38a',
    warning: '#f0b453',
    broken: '#ff7d84',
    hover: '#1c222b',
    series: [
      '#8fa6ff',
      '#ff9f5a',
      '#4cc38a',
      '#d48bf0',
      '#4fc9de',
      '#e3c04d',
      '#ff85b8',
      '#b4cc6a',
      '#a9a8ff',
      '#d9a27c',
    ],
  },
} as const;

function config(name: ThemeName): ThemeConfig {
  const p = palettes[name];
  return {
    algorithm: name === 'dark' ? antd.darkAlgorithm : antd.defaultAlgorithm,
    token: {
      colorPrimary: name === 'dark' ? '#5b78ea' : p.accent,
      colorInfo: p.accent,
      colorLink: p.accent,
      colorSuccess: p.ok,
      colorWarning: name === 'dark' ? p.warning : '#c77a10',
      colorError: name === 'dark' ? '#f2555f' : p.broken,
      colorText: p.text,
      colorTextSecondary: p.text2,
      colorTextTertiary: p.text3,
      colorBgLayout: p.bg,
      colorBgContainer: p.surface,
      colorBgElevated: p.raised,
      colorBorder: p.lineStrong,
      colorBorderSecondary: p.line,
      borderRadius: 7,
      controlHeight: 32,
      fontSize: 14,
      fontFamily: 'var(--sans)',
      fontFamilyCode: 'var(--mono)',
      motionDurationMid: '0.12s',
      motionDurationSlow: '0.18s',
      wireframe: false,
    },
    components: {
      Button: { primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none', fontWeight: 500 },
      Segmented: { trackBg: 'var(--sunken)' },
      Tabs: { horizontalMargin: '0' },
    },
  };
}

const context = createContext<{ name: ThemeName; setName: (name: ThemeName) => void } | null>(null);

export function useTheme() {
  const found = useContext(context);
  if (found === null) throw new Error('useTheme needs a ThemeProvider above it');
  return found;
}

function firstTheme(): ThemeName {
  const kept = localStorage.getItem(key);
  if (kept === 'light' || kept === 'dark') return kept;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [name, setName] = useState<ThemeName>(firstTheme);
  const { language } = useLanguage();
  useEffect(() => {
    document.documentElement.dataset.theme = name;
  }, [name]);
  const value = useMemo(
    () => ({
      name,
      setName: (next: ThemeName) => {
        localStorage.setItem(key, next); // only a choice is kept; otherwise the system's theme is followed
        setName(next);
      },
    }),
    [name],
  );
  return (
    <context.Provider value={value}>
      <ConfigProvider theme={config(name)} button={{ autoInsertSpace: false }} locale={language === 'zh' ? zh : en}>
        {children}
      </ConfigProvider>
    </context.Provider>
  );
}
