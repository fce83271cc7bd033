// Stands in for parts of the code viewer that are never asked for: its second highlighter, its themes, WebAssembly.
// `vite.config.ts` puts it in their place; they are two thirds of what would be built.

function absent(): never {
  throw new Error('This part of the code viewer is left out of the page.')
}

export const LiveTokenizer = absent
export const codeToTokens = absent
export const isSupportedLanguage = (): boolean => false
export const bundledThemes = {}
export const themes = {}
export default {}
