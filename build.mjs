// Bundles the program into dist/: one entry, heavy libraries in chunks of their own that load when they are needed.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  metafile: true,
}
const program = await build({
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

/** The decoders of Zarr that the viewer brings along: a megabyte and a half that no page needs. */
const withoutDecoders = {
  name: 'without-decoders',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^numcodecs/ }, ({ path }) => ({ path, namespace: 'left-out' }))
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'export default undefined' }))
  },
}
// What runs in a participant's page.
const viewer = await build({
  ...common,
  platform: 'browser',
  format: 'iife',
  target: 'es2022',
  minify: true,
  entryPoints: ['viewer/index.ts'],
  plugins: [withoutDecoders],
  write: false,
  outdir: 'dist',
})
// Nothing in it may end the element that it stands in.
const script = viewer.outputFiles[0].text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')
const notices = licencesOf(viewer.metafile)
writeFileSync('dist/viewer.js', `/*\n${notices.replaceAll('*/', '* /')}*/\n${script}`)
writeFileSync('dist/LICENSES.txt', licencesOf(program.metafile, viewer.metafile, 'node_modules/bids-validator/'))

/** Name, version, licence and its text of every package that went into a bundle. */
function licencesOf(...sources) {
  const inputs = sources.flatMap(source => (typeof source === 'string' ? [source] : Object.keys(source.inputs)))
  const packages = new Set(inputs.map(path => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean))
  return [...packages]
    .sort()
    .map(folder => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      const file = readdirSync(folder).find(entry => /^(licen[cs]e|copying)/i.test(entry))
      const kept = join('licences', `${name.replace('/', '+')}.txt`)
      const text = file ? readFileSync(join(folder, file), 'utf8') : existsSync(kept) ? readFileSync(kept, 'utf8') : ''
      if (text === '') throw new Error(`${name} ships no licence text: keep it in ${kept}`)
      return `${name} ${version} (${license})\n\n${text.trim()}\n\n`
    })
    .join('-----\n\n')
}
