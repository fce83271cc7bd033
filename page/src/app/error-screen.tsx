import { ApiError, explain } from '@/api/error'
import { Button } from '@/components/button'
import { Empty } from '@/components/empty'

/** In place of a view that failed. */
export function ErrorScreen({ error, reset }: { error: unknown; reset?: () => void }) {
  if (error instanceof ApiError && error.status === 401) return <Locked />
  return (
    <div role="alert">
      <Empty title="This view failed">
        <p>{explain(error)}</p>
        <div className="mt-4 flex justify-center gap-2">
          {reset && <Button look="primary" onClick={reset}>Try again</Button>}
          <Button onClick={() => location.reload()}>Reload the page</Button>
        </div>
      </Empty>
    </div>
  )
}

/** The cookie is gone, or the server has another token than when it was given. */
export function Locked() {
  return (
    <Empty title="This browser is not let in">
      <p>Open the link that <code className="font-mono">roundhouse up</code> printed; it lets this browser in again.</p>
    </Empty>
  )
}

export function NotFound() {
  return <Empty title="There is nothing here"><p>The session may have been deleted.</p></Empty>
}
