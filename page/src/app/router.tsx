// Every address of the page. A view is a folder under `views/`, loaded when it is first needed.

import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { ErrorScreen, NotFound } from './error-screen'
import { Shell } from './shell'

const root = createRootRoute({ component: Shell })

const home = createRoute({
  getParentRoute: () => root, path: '/', component: lazyRouteComponent(() => import('@/views/home/home-view'), 'HomeView'),
})
const session = createRoute({
  getParentRoute: () => root,
  path: '/sessions/$sessionId',
  validateSearch: sessionSearch,
  component: lazyRouteComponent(() => import('@/views/session/session-view'), 'SessionView'),
})
const inbox = createRoute({
  getParentRoute: () => root, path: '/inbox', component: lazyRouteComponent(() => import('@/views/inbox/inbox-view'), 'InboxView'),
})
const health = createRoute({
  getParentRoute: () => root, path: '/health', component: lazyRouteComponent(() => import('@/views/health/health-view'), 'HealthView'),
})
const settings = createRoute({
  getParentRoute: () => root, path: '/settings', component: lazyRouteComponent(() => import('@/views/settings/settings-view'), 'SettingsView'),
})

export const router = createRouter({
  routeTree: root.addChildren([home, session, inbox, health, settings]),
  defaultPreload: 'intent',
  defaultErrorComponent: ({ error, reset }) => <ErrorScreen error={error} reset={reset} />,
  defaultNotFoundComponent: NotFound,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

/** What is kept in the address of a session, so that a link shows the same: the changes of which agent and turn. */
export interface SessionSearch {
  agent?: string
  turn?: string
}

function sessionSearch(search: Record<string, unknown>): SessionSearch {
  const word = (name: string) => (typeof search[name] === 'string' && search[name] !== '' ? search[name] : undefined)
  const agent = word('agent')
  const turn = word('turn')
  return { ...(agent !== undefined && { agent }), ...(turn !== undefined && { turn }) }
}
