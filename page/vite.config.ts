/// <reference types="vitest/config" />
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gzipSync } from 'node:zlib'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { type Plugin, defineConfig } from 'vite'

const OUT = '../src/roundhouse/web/static'
const SRC = new URL('./src', import.meta.url).pathname
const GRAMMARS = `${SRC}/views/review/grammars.ts`
const SERVER = process.env['ROUNDHOUSE_URL'] ?? 'http://127.0.0.1:7433'

/** Compresses once at build time what the server would compress on every request. */
function precompress(): Plugin {
  let out = OUT
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      out = config.build.outDir
    },
    writeBundle() {
      for (const entry of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|svg|html)$/.test(entry)) continue
        const path = join(out, entry)
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }))
      }
    },
  }
}

/**
 * Leaves out how marked makes HTML, which nothing here asks for: a third of it. It is one file that makes a parser for
 * everybody's use, so the bundler cannot see that nobody uses it.
 */
function onlyTheLexer(): Plugin {
  return {
    name: 'only-the-lexer',
    apply: 'build',
    transform(code, id) {
      if (!id.endsWith('/marked/lib/marked.esm.js')) return null
      const lexer = /(\w+) as Lexer/.exec(code)?.[1]
      const shared = /var \w+=new \w+;function \w+\(\w+,\w+\)\{return \w+\.parse\([^]*$/
      if (lexer === undefined || !shared.test(code)) throw new Error('marked is built in another way now: see onlyTheLexer in vite.config.ts')
      return { code: code.replace(shared, `export const lexer=${lexer}.lex;export{${lexer} as Lexer}`), map: null }
    },
  }
}

/** The workers are given the grammars they need; a bundle that holds them all again is never read. */
function withoutGrammars(): Plugin {
  return {
    name: 'without-grammars',
    enforce: 'pre',
    load: (id) => (id === GRAMMARS ? 'export const bundledLanguages = {}' : null),
  }
}

export default defineConfig({
  plugins: [react(), tailwindcss(), onlyTheLexer(), precompress()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'es2023',
    license: true,
    // Nothing inline: the content security policy refuses inline scripts, and data: fonts.
    assetsInlineLimit: 0,
    // Naming what each lazy part needs costs every first load a kilobyte; what is lazy can look for it when it comes.
    modulePreload: { polyfill: false, resolveDependencies: (_, deps, { hostType }) => (hostType === 'html' ? deps : deps.filter((name) => name.endsWith('.css'))) },
  },
  resolve: {
    alias: [
      { find: '@', replacement: SRC },
      // 300 languages in two copies, themes and a second engine that nothing here asks for: 20 MB.
      { find: /^shiki\/langs$/, replacement: GRAMMARS },
      { find: /^(@pierre\/highlights(\/themes\/loader)?|@pierre\/theming\/themes|shiki\/wasm|shiki\/engine\/oniguruma)$/, replacement: `${SRC}/views/review/absent.ts` },
    ],
  },
  worker: { plugins: () => [withoutGrammars()] },
  server: { proxy: { '/api': { target: SERVER, ws: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
