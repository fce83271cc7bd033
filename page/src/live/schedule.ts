// When changed data reaches the screen: with an animation frame, or once a second in a tab that nobody sees.

const HIDDEN_EVERY = 1000
/** Text that grows twenty-five times a second reads as well as sixty times, for less than half of the work. */
const SHOWN_EVERY = 40

export type Schedule = (flush: () => void) => void

/** A schedule of its own for each store. What comes after a pause is shown with the next frame. */
export function frames(): Schedule {
  let last = 0
  return (flush) => {
    let done = false
    const once = () => {
      if (done) return
      done = true
      document.removeEventListener('visibilitychange', seen)
      clearTimeout(fallback)
      last = performance.now()
      flush()
    }
    // Who comes back sees what is so now.
    const seen = () => document.visibilityState === 'visible' && once()
    // Animation frames stop in a hidden tab.
    const fallback = setTimeout(once, HIDDEN_EVERY)
    if (document.visibilityState === 'hidden') {
      document.addEventListener('visibilitychange', seen)
      return
    }
    const left = last + SHOWN_EVERY - performance.now()
    if (left > 0) setTimeout(() => requestAnimationFrame(once), left)
    else requestAnimationFrame(once)
  }
}
