// Every address of the page. A view is a folder under `views/`, loaded when it is first needed.

import { type ComponentType, Suspense, lazy } from 'react'
import { Skeleton } from '@/components/skeleton'
import { ErrorBoundary } from './error-boundary'
import { NotFound } from './error-screen'
import { usePath } from './routing'
import { ViewHeader } from './view-header'

interface Route {
  readonly path: string
  readonly view: ComponentType
}

const ROUTES: readonly Route[] = [
  { path: '/', view: lazy(() => import('@/views/home/home-view').then((found) => ({ default: found.HomeView }))) },
  { path: '/sessions/$sessionId', view: lazy(() => import('@/views/session/session-view').then((found) => ({ default: found.SessionView }))) },
  { path: '/inbox', view: lazy(() => import('@/views/inbox/inbox-view').then((found) => ({ default: found.InboxView }))) },
  { path: '/health', view: lazy(() => import('@/views/health/health-view').then((found) => ({ default: found.HealthView }))) },
  { path: '/settings', view: lazy(() => import('@/views/settings/settings-view').then((found) => ({ default: found.SettingsView }))) },
]

/** The view of the address. */
export function View() {
  const path = usePath()
  const Found = ROUTES.find((route) => fits(route.path, path))?.view ?? NotFound
  return (
    <ErrorBoundary key={path}>
      <Suspense fallback={<><ViewHeader title="" /><Skeleton rows={6} label="Loading" /></>}><Found /></Suspense>
    </ErrorBoundary>
  )
}

/** Part by part; a `$name` stands for any one. */
function fits(route: string, path: string): boolean {
  const wanted = partsOf(route)
  const parts = partsOf(path)
  return wanted.length === parts.length && wanted.every((part, index) => part.startsWith('$') || part === parts[index])
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '')
}
