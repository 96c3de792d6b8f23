// Bundles the program into dist/: one entry, heavy libraries in chunks of their own that load when they are needed.

import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
const common = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  legalComments: 'none',
}
await build({
  ...common,
  entryPoints: { main: 'src/bin.ts' },
  outdir: 'dist',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  external: ['./vendor/bids-schema-validator.mjs'],
  // Bundled CommonJS libraries ask for `require`, which a module does not have.
  banner: { js: "import {createRequire as __cr} from 'node:module'; const require = __cr(import.meta.url);" },
})
// The schema validator that bids-validator ships as a bundle of its own; its package hides the file, so it is found by path.
const validator = dirname(createRequire(import.meta.url).resolve('bids-validator/package.json'))
await build({
  ...common,
  bundle: false,
  minify: true,
  entryPoints: { 'bids-schema-validator': join(validator, 'dist/validator/main.js') },
  outdir: 'dist/vendor',
  outExtension: { '.js': '.mjs' },
})
