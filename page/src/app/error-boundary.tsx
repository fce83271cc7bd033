import { Component, type ReactNode } from 'react'
import { ErrorScreen } from './error-screen'

interface State {
  readonly error: unknown
  readonly failed: boolean
}

/** What fails inside stays inside: the rest of the page goes on. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override readonly state: State = { error: null, failed: false }

  static getDerivedStateFromError(error: unknown): State {
    return { error, failed: true }
  }

  override render(): ReactNode {
    const { error, failed } = this.state
    if (!failed) return this.props.children
    return <ErrorScreen error={error} reset={() => this.setState({ error: null, failed: false })} />
  }
}
