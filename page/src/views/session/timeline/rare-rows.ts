// Rows that most conversations have none of: loaded when the first of them is shown.
export { CrashRow } from './crash-row'
export { Failure } from './failure-notice'
export { NoteRow } from './note-row'
export { PlanRow } from './plan-row'
