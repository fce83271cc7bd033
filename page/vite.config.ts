/// <reference types="vitest/config" />
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gzipSync } from 'node:zlib'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { type Plugin, defineConfig } from 'vite'

const OUT = '../src/roundhouse/web/static'
const SERVER = process.env['ROUNDHOUSE_URL'] ?? 'http://127.0.0.1:7433'

/** Compresses once at build time what the server would compress on every request. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(OUT, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|svg|html)$/.test(entry)) continue
        const path = join(OUT, entry)
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }))
      }
    },
  }
}

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'es2023',
    license: true,
    // Nothing inline: the content security policy refuses inline scripts, and data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  server: { proxy: { '/api': { target: SERVER, ws: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
