// Runs before the first paint, so that nobody sees the other theme flash. A file of its own: inline scripts are refused.
;(function () {
  var chosen = null
  try {
    chosen = localStorage.getItem('roundhouse.theme')
  } catch {
    // A browser may refuse storage; then the system decides.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
