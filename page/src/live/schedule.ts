// When changed data reaches the screen: once per animation frame, or once a second in a tab that nobody sees.

const HIDDEN_EVERY = 1000

export type Schedule = (flush: () => void) => void

/** Runs `flush` at the next good moment. Animation frames stop in a hidden tab, so a timer stands in there. */
export const nextFrame: Schedule = (flush) => {
  if (document.visibilityState === 'hidden') {
    let done = false
    const once = () => {
      if (done) return
      done = true
      document.removeEventListener('visibilitychange', once)
      flush()
    }
    document.addEventListener('visibilitychange', once)
    setTimeout(once, HIDDEN_EVERY)
  } else {
    let done = false
    const once = () => {
      if (done) return
      done = true
      flush()
    }
    requestAnimationFrame(once)
    // A tab that is hidden between now and the frame never gets the frame.
    setTimeout(once, HIDDEN_EVERY)
  }
}
