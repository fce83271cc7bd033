// Colours for code: our own variables, so that light and dark switch without reading the code again, in two workers.

import { registerCustomCSSVariableTheme } from '@pierre/diffs'
import type { WorkerInitializationRenderOptions, WorkerPoolOptions } from '@pierre/diffs/react'
// oxlint-disable-next-line import/default -- the bundler makes it
import HighlightWorker from '@pierre/diffs/worker/worker.js?worker'
import './shadow-styles'

export const CODE_THEME = 'roundhouse'
const WORKERS = 2
/** A longer line is data, and costs seconds to colour. */
export const LINE_MAX = 2000

registerCustomCSSVariableTheme(CODE_THEME, {})

export const poolOptions: WorkerPoolOptions = { workerFactory: () => new HighlightWorker(), poolSize: WORKERS }
export const highlighterOptions: WorkerInitializationRenderOptions = {
  theme: CODE_THEME, tokenizeMaxLineLength: LINE_MAX,
}
