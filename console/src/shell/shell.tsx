import {
  ApartmentOutlined,
  ApiOutlined,
  BulbOutlined,
  CloudServerOutlined,
  ClusterOutlined,
  DashboardOutlined,
  HistoryOutlined,
  KeyOutlined,
  LineChartOutlined,
  LogoutOutlined,
  MenuOutlined,
  TeamOutlined,
  TranslationOutlined,
  UserOutlined,
} from '@ant-design/icons';
import type { Permission } from '@luban/contracts';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { Button, Drawer, Dropdown } from 'antd';
import { type ReactNode, useEffect, useState } from 'react';
import { live, useLiveness } from '../api/live.ts';
import { meQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { useTheme } from '../design/theme.tsx';
import { type Both, useLanguage, useText } from '../language/language.tsx';
import { roleTexts } from '../language/shared-texts.ts';
import { shell } from '../language/shell-texts.ts';
import { AccountForm } from './account-form.tsx';
import { Brand } from './brand.tsx';
import { ConnectionBanner } from './connection-banner.tsx';

const places: {
  to: '/' | '/things' | '/explorer' | '/edges' | '/history' | '/access-keys' | '/mqtt-clients' | '/users' | '/servers';
  text: Both;
  icon: ReactNode;
}[] = [
  { to: '/', text: shell.overview, icon: <DashboardOutlined /> },
  { to: '/things', text: shell.things, icon: <ApartmentOutlined /> },
  { to: '/explorer', text: shell.explorer, icon: <LineChartOutlined /> },
  { to: '/edges', text: shell.edges, icon: <ClusterOutlined /> },
  { to: '/history', text: shell.history, icon: <HistoryOutlined /> },
  { to: '/access-keys', text: shell.accessKeys, icon: <KeyOutlined /> },
  { to: '/mqtt-clients', text: shell.mqttClients, icon: <ApiOutlined /> },
  { to: '/users', text: shell.users, icon: <TeamOutlined /> },
  { to: '/servers', text: shell.servers, icon: <CloudServerOutlined /> },
];

/** What a page needs that not everybody has. */
const neededFor: Partial<Record<(typeof places)[number]['to'], Permission>> = {
  '/access-keys': 'access.read',
  '/mqtt-clients': 'access.read',
  '/users': 'users.read',
  '/servers': 'platform.read',
};

function NavLink({ place }: { place: (typeof places)[number] }) {
  const t = useText();
  // Thing models belong to things and have no entry of their own.
  const within = useLocation().pathname.startsWith('/thing-models') && place.to === '/things';
  return (
    <Link
      to={place.to}
      className={`nav-link${within ? ' active' : ''}`}
      activeProps={{ className: 'active' }}
      activeOptions={{ exact: place.to === '/', includeSearch: false }}
    >
      {place.icon}
      {t(place.text)}
    </Link>
  );
}

function Connection() {
  const t = useText();
  const { state } = useLiveness();
  return (
    <span className="connection" aria-live="polite">
      <i
        className={`dot moving ${state === 'live' ? 'ok' : state === 'lost' ? 'broken' : 'idle'}`}
        aria-hidden="true"
      />
      {t(shell[state])}
    </span>
  );
}

/** Everything that belongs to who is signed in: language, theme, leaving. */
function useAccountMenu(editAccount: () => void) {
  const t = useText();
  const { language, setLanguage } = useLanguage();
  const { name, setName } = useTheme();
  const navigate = useNavigate();
  const choose = async (key: string) => {
    if (key === 'language') {
      const next = language === 'zh' ? 'en' : 'zh';
      setLanguage(next);
      await api.patch('/me', { language: next });
    } else if (key === 'theme') setName(name === 'dark' ? 'light' : 'dark');
    else if (key === 'account') editAccount();
    else if (key === 'out') {
      await api.delete('/sessions/current');
      await navigate({ to: '/sign-in' });
      queryClient.clear();
    }
  };
  const items = [
    { key: 'account', icon: <UserOutlined />, label: t(shell.account) },
    { key: 'language', icon: <TranslationOutlined />, label: t(shell.language) },
    { key: 'theme', icon: <BulbOutlined />, label: t(name === 'dark' ? shell.light : shell.dark) },
    { type: 'divider' as const },
    { key: 'out', icon: <LogoutOutlined />, label: t(shell.signOut) },
  ];
  // A failed write here changes nothing that the reader sees; the log has it.
  return { items, onClick: ({ key }: { key: string }) => void choose(key).catch(console.error) };
}

export function Shell() {
  const t = useText();
  const { data: me } = useSuspenseQuery(meQuery);
  const [open, setOpen] = useState(false);
  const [account, setAccount] = useState(false);
  const menu = useAccountMenu(() => {
    setOpen(false);
    setAccount(true);
  });
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, []);
  const seen = places.filter(({ to }) => {
    const needed = neededFor[to];
    return needed === undefined || me.permissions.includes(needed);
  });
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t(shell.skip)}
      </a>
      <div className="side">
        <Link to="/" aria-label={t(shell.overview)} style={{ textDecoration: 'none' }}>
          <Brand />
        </Link>
        <nav aria-label={t(shell.navigation)}>
          {seen.map((place) => (
            <NavLink key={place.to} place={place} />
          ))}
        </nav>
        <div className="side-foot">
          <Connection />
          <Dropdown menu={menu} trigger={['click']} placement="topLeft">
            <button
              type="button"
              className="who"
              title={`${me.user.name}\n${me.tenant.name} · ${t(roleTexts[me.user.role])}`}
            >
              <span className="face">{[...me.user.name][0]?.toUpperCase()}</span>
              <span className="clip">
                <span className="clip">{me.user.name}</span>
                <small className="clip">
                  {me.tenant.name} · {t(roleTexts[me.user.role])}
                </small>
              </span>
            </button>
          </Dropdown>
        </div>
      </div>
      <div className="top">
        <Brand />
        <Connection />
      </div>
      <main className="main" id="content">
        <ConnectionBanner />
        <div className="main-scroll">
          <Outlet />
        </div>
      </main>
      <nav className="bottom" aria-label={t(shell.navigation)}>
        {places.slice(0, 4).map((place) => (
          <NavLink key={place.to} place={place} />
        ))}
        <button type="button" onClick={() => setOpen(true)}>
          <MenuOutlined />
          {t(shell.more)}
        </button>
      </nav>
      <Drawer
        open={open}
        onClose={() => setOpen(false)}
        placement="bottom"
        title={`${me.user.name} · ${me.tenant.name}`}
        size={320}
      >
        <div style={{ display: 'grid', gap: 8 }}>
          {seen.slice(4).map((place) => (
            <Link key={place.to} to={place.to} className="nav-link" onClick={() => setOpen(false)}>
              {place.icon}
              {t(place.text)}
            </Link>
          ))}
          {menu.items.map((item) =>
            'key' in item && item.key !== undefined ? (
              <Button
                key={item.key}
                type="text"
                icon={item.icon}
                style={{ justifyContent: 'flex-start', height: 40 }}
                onClick={() => menu.onClick({ key: item.key })}
              >
                {item.label}
              </Button>
            ) : null,
          )}
        </div>
      </Drawer>
      {account && <AccountForm me={me} close={() => setAccount(false)} />}
    </div>
  );
}
