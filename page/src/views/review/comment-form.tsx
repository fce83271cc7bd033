import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { explain } from '@/api/error'
import { announce } from '@/app/announcer'
import { Button } from '@/components/button'
import { baseName } from './choice'
import { focusList } from './focus'
import { commentsQuery } from './queries'
import { addComment } from './requests'
import { useReview } from './review-context'
import { type CommentPlace, compose } from './review-store'

const DRAWN = 60

/** Writes a comment under a line. It is kept with the others until they are sent together. */
export function CommentForm({ place }: { place: CommentPlace }) {
  const { session, store, blocked } = useReview()
  const client = useQueryClient()
  const [text, setText] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    // The viewer gives the focus back to the list when it has drawn; after that it can be taken. The line is in sight already.
    const timer = setTimeout(() => field.current?.focus({ preventScroll: true }), DRAWN)
    return () => clearTimeout(timer)
  }, [])
  const close = () => {
    focusList(field.current)
    compose(store, null)
  }
  const keep = useMutation({
    mutationFn: () => addComment(session.id, { ...place, text: text.trim() }),
    onSuccess: (comment) => {
      client.setQueryData(commentsQuery(session.id).queryKey, (known) => [...(known ?? []), comment])
      announce('Comment kept. Send it when you have written all of them.')
      close()
    },
  })
  const ready = text.trim() !== '' && blocked === null && !keep.isPending
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') close()
    else if (event.key === 'Enter' && (event.metaKey || event.ctrlKey) && ready) keep.mutate()
    else return
    event.preventDefault()
  }
  return (
    <form
      className="px-3 py-2 font-sans text-ui"
      onSubmit={(event) => { event.preventDefault(); if (ready) keep.mutate() }}
    >
      <label>
        <span className="sr-only">Comment on line {place.line} of {baseName(place.path)}</span>
        <textarea
          ref={field} value={text} rows={3} onChange={(event) => setText(event.target.value)} onKeyDown={onKeyDown}
          placeholder={`What about line ${place.line}?`}
          className="block w-full resize-y rounded-card border border-line2 bg-raise px-3 py-2 text-talk placeholder:text-dim"
        />
      </label>
      {keep.isError && <p role="alert" className="mt-1 text-fail">{explain(keep.error)}</p>}
      <div className="mt-1.5 flex items-center gap-2">
        <span className="grow text-meta text-dim max-sm:hidden">Ctrl+Enter keeps it, Esc drops it</span>
        <Button onClick={close} className="ml-auto">Cancel</Button>
        <Button type="submit" look="primary" disabled={!ready}>Comment</Button>
      </div>
    </form>
  )
}
