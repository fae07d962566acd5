import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { Button } from 'antd';
import { ApiError } from '../api/api-error.ts';
import { meQuery, setupQuery } from '../api/queries.ts';
import { onSignedOut, queryClient } from '../api/query-client.ts';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { useText } from '../language/language.tsx';
import { shell } from '../language/shell-texts.ts';
import { parseSearch, stringifySearch } from './search-params.ts';
import { Shell } from './shell.tsx';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

/** Everything behind sign-in. Who is not signed in goes to the wizard or to sign-in, and comes back. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(meQuery);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const { needed } = await queryClient.fetchQuery(setupQuery);
      if (needed) throw redirect({ to: '/setup' });
      throw redirect({ to: '/sign-in', search: { next: location.href === '/' ? undefined : location.href } });
    }
  },
});

const tree = root.addChildren([
  createRoute({
    getParentRoute: () => root,
    path: '/sign-in',
    validateSearch: (search): { next?: string } => ({ next: text(search.next) }),
    component: lazyRouteComponent(() => import('../sign-in/sign-in-page.tsx'), 'SignInPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/link/$token',
    component: lazyRouteComponent(() => import('../sign-in/link-page.tsx'), 'LinkPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/setup',
    component: lazyRouteComponent(() => import('../setup/setup-page.tsx'), 'SetupPage'),
  }),
  inside.addChildren([
    createRoute({
      getParentRoute: () => inside,
      path: '/',
      component: lazyRouteComponent(() => import('../overview/overview-page.tsx'), 'OverviewPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/things',
      validateSearch: (search): { q?: string; site?: string; state?: string } => ({
        q: text(search.q),
        site: text(search.site),
        state: text(search.state),
      }),
      component: lazyRouteComponent(() => import('../things/things-page.tsx'), 'ThingsPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/things/$id',
      validateSearch: (search): { tab?: string } => ({ tab: text(search.tab) }),
      component: lazyRouteComponent(() => import('../thing/thing-page.tsx'), 'ThingPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/thing-models',
      component: lazyRouteComponent(() => import('../models/models-page.tsx'), 'ModelsPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/thing-models/new',
      validateSearch: (search): { from?: string } => ({ from: text(search.from) }),
      component: lazyRouteComponent(() => import('../models/model-editor-page.tsx'), 'ModelEditorPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/thing-models/$id',
      component: lazyRouteComponent(() => import('../models/model-page.tsx'), 'ModelPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/edges',
      component: lazyRouteComponent(() => import('../edges/edges-page.tsx'), 'EdgesPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/edges/$id',
      validateSearch: (search): { tab?: string } => ({ tab: text(search.tab) }),
      component: lazyRouteComponent(() => import('../edges/edge-page.tsx'), 'EdgePage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/edges/$id/devices/$device',
      validateSearch: (search): { tab?: string } => ({ tab: text(search.tab) }),
      component: lazyRouteComponent(() => import('../device/device-page.tsx'), 'DevicePage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/explorer',
      validateSearch: (search): { series?: string; from?: string; to?: string; last?: string; line?: string } => ({
        series: text(search.series),
        from: text(search.from),
        to: text(search.to),
        last: text(search.last),
        line: text(search.line),
      }),
      component: lazyRouteComponent(() => import('../explorer/explorer-page.tsx'), 'ExplorerPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/history',
      component: lazyRouteComponent(() => import('../history/history-page.tsx'), 'HistoryPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/access-keys',
      component: lazyRouteComponent(() => import('../access/access-page.tsx'), 'AccessPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/mqtt-clients',
      component: lazyRouteComponent(() => import('../mqtt-clients/mqtt-clients-page.tsx'), 'MqttClientsPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/servers',
      component: lazyRouteComponent(() => import('../servers/servers-page.tsx'), 'ServersPage'),
    }),
    createRoute({
      getParentRoute: () => inside,
      path: '/users',
      component: lazyRouteComponent(() => import('../users/users-page.tsx'), 'UsersPage'),
    }),
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingMs: 300,
  defaultPendingComponent: () => <LoadingState />,
  defaultErrorComponent: ({ error }) => <ErrorState error={error} retry={() => void router.invalidate()} />,
});

onSignedOut(() => {
  const { pathname, href } = router.state.location;
  if (['/sign-in', '/setup'].includes(pathname) || pathname.startsWith('/link/')) return;
  if (queryClient.getQueryData(meQuery.queryKey) === undefined) return; // not yet inside: the route decides
  void router.navigate({ to: '/sign-in', search: { next: href } }).then(() => queryClient.clear());
});

function NotFound() {
  const t = useText();
  return (
    <EmptyState title={t(shell.notFound)} text={t(shell.notFoundText)}>
      <Link to="/">
        <Button type="primary">{t(shell.toOverview)}</Button>
      </Link>
    </EmptyState>
  );
}

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
