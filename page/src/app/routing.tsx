// Where one is and how one goes elsewhere. What a link should show again is in the address, and typed here.

import type { ComponentProps } from 'react'
import { go, useLocation } from './location'

/** What is kept in the address of a session: the changes of which agent and turn, and whether they are shown. */
export interface SessionSearch {
  readonly agent?: string
  readonly turn?: string
  readonly changes?: 'shown' | 'hidden'
}

export type Place =
  | { readonly to: '/' | '/inbox' | '/health' | '/settings'; readonly hash?: string }
  | { readonly to: '/sessions/$sessionId'; readonly params: { readonly sessionId: string }; readonly search?: SessionSearch }

const SESSION = /^\/sessions\/([^/]+)\/?$/

export function hrefOf(place: Place): string {
  const path = place.to === '/sessions/$sessionId' ? `/sessions/${encodeURIComponent(place.params.sessionId)}` : place.to
  const search = 'search' in place ? new URLSearchParams(Object.entries(place.search ?? {})).toString() : ''
  const hash = 'hash' in place ? place.hash : undefined
  return `${path}${search === '' ? '' : `?${search}`}${hash === undefined ? '' : `#${hash}`}`
}

/** Goes there. `replace`: without a step to go back to. */
export function navigate({ replace = false, ...place }: Place & { readonly replace?: boolean }): void {
  go(hrefOf(place as Place), replace)
}

export function usePath(): string {
  return useLocation(() => location.pathname)
}

export function useHash(): string {
  return useLocation(() => location.hash.slice(1))
}

/** The session that is shown, if one is. */
export function useSessionId(): string | null {
  const found = SESSION.exec(usePath())?.[1]
  return found === undefined ? null : decodeURIComponent(found)
}

export function useSessionSearch(): SessionSearch {
  return sessionSearch(useLocation(() => location.search))
}

/** Words that nobody here wrote into the address are left out. */
export function sessionSearch(text: string): SessionSearch {
  const search = new URLSearchParams(text)
  const agent = search.get('agent')
  const turn = search.get('turn')
  const changes = search.get('changes')
  return {
    ...(agent && { agent }), ...(turn && { turn }), ...((changes === 'shown' || changes === 'hidden') && { changes }),
  }
}

/** What stays in the address when the chosen changes become others. */
export function keptSearch(text: string): SessionSearch {
  const { changes } = sessionSearch(text)
  return changes === undefined ? {} : { changes }
}

type LinkProps = Place & Omit<ComponentProps<'a'>, 'href'>

/** A link within the page. The one to where one is has `data-status=active`. */
export function Link(props: LinkProps) {
  const path = usePath()
  const { place, rest } = split(props)
  const href = hrefOf(place)
  const active = path === href.split(/[?#]/)[0]
  return (
    <a
      {...rest}
      href={href}
      aria-current={active ? 'page' : undefined}
      data-status={active ? 'active' : undefined}
      onClick={(event) => {
        rest.onClick?.(event)
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
        event.preventDefault()
        go(href)
      }}
    >
      {rest.children}
    </a>
  )
}

function split(props: LinkProps): { place: Place; rest: Omit<ComponentProps<'a'>, 'href'> } {
  if (props.to === '/sessions/$sessionId') {
    const { to, params, search, ...rest } = props
    return { place: { to, params, ...(search !== undefined && { search }) }, rest }
  }
  const { to, hash, ...rest } = props
  return { place: { to, ...(hash !== undefined && { hash }) }, rest }
}
