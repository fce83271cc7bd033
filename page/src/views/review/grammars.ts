// The languages whose colours come with the page. The code viewer's own list has 300, most of them never seen in a diff;
// `vite.config.ts` puts this list in its place. What is not here is shown without colours.

type Grammar = () => Promise<unknown>

const GRAMMARS: Record<string, Grammar> = {
  python: () => import('@shikijs/langs/python'),
  javascript: () => import('@shikijs/langs/javascript'),
  typescript: () => import('@shikijs/langs/typescript'),
  jsx: () => import('@shikijs/langs/jsx'),
  tsx: () => import('@shikijs/langs/tsx'),
  json: () => import('@shikijs/langs/json'),
  jsonc: () => import('@shikijs/langs/jsonc'),
  html: () => import('@shikijs/langs/html'),
  css: () => import('@shikijs/langs/css'),
  scss: () => import('@shikijs/langs/scss'),
  markdown: () => import('@shikijs/langs/markdown'),
  yml: () => import('@shikijs/langs/yaml'),
  yaml: () => import('@shikijs/langs/yaml'),
  toml: () => import('@shikijs/langs/toml'),
  ini: () => import('@shikijs/langs/ini'),
  xml: () => import('@shikijs/langs/xml'),
  shellscript: () => import('@shikijs/langs/shellscript'),
  zsh: () => import('@shikijs/langs/shellscript'),
  fish: () => import('@shikijs/langs/fish'),
  bash: () => import('@shikijs/langs/bash'),
  dockerfile: () => import('@shikijs/langs/docker'),
  docker: () => import('@shikijs/langs/docker'),
  make: () => import('@shikijs/langs/make'),
  makefile: () => import('@shikijs/langs/make'),
  sql: () => import('@shikijs/langs/sql'),
  go: () => import('@shikijs/langs/go'),
  rust: () => import('@shikijs/langs/rust'),
  c: () => import('@shikijs/langs/c'),
  cpp: () => import('@shikijs/langs/cpp'),
  java: () => import('@shikijs/langs/java'),
  kotlin: () => import('@shikijs/langs/kotlin'),
  swift: () => import('@shikijs/langs/swift'),
  csharp: () => import('@shikijs/langs/csharp'),
  perl: () => import('@shikijs/langs/perl'),
  r: () => import('@shikijs/langs/r'),
  scala: () => import('@shikijs/langs/scala'),
  haskell: () => import('@shikijs/langs/haskell'),
  zig: () => import('@shikijs/langs/zig'),
  ruby: () => import('@shikijs/langs/ruby'),
  php: () => import('@shikijs/langs/php'),
  lua: () => import('@shikijs/langs/lua'),
  elixir: () => import('@shikijs/langs/elixir'),
  vue: () => import('@shikijs/langs/vue'),
  svelte: () => import('@shikijs/langs/svelte'),
  diff: () => import('@shikijs/langs/diff'),
  graphql: () => import('@shikijs/langs/graphql'),
  tf: () => import('@shikijs/langs/terraform'),
  tfvars: () => import('@shikijs/langs/terraform'),
  terraform: () => import('@shikijs/langs/terraform'),
}

export const bundledLanguages = GRAMMARS

export function hasColours(language: string): boolean {
  return Object.hasOwn(GRAMMARS, language)
}
