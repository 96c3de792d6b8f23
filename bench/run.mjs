// Runs benches, each in a process of its own: `npm run bench`, or `npm run bench -- nifti` for those named.
// Node 20 cannot run TypeScript, so each is bundled first.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
const all = readdirSync(here)
  .filter(file => file.endsWith('.ts'))
  .map(file => basename(file, '.ts'))
const names = process.argv.length > 2 ? process.argv.slice(2) : all
const unknown = names.filter(name => !all.includes(name))
if (unknown.length > 0) {
  console.error(`No bench is called ${unknown.join(', ')}; there are ${all.join(', ')}.`)
  process.exit(2)
}

const outdir = join(here, '../node_modules/.cache/bench')
await build({
  entryPoints: names.map(name => join(here, `${name}.ts`)),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  banner: { js: "import {createRequire as __cr} from 'node:module'; const require = __cr(import.meta.url);" },
})
for (const name of names) {
  console.log(`\n${name}`)
  const { status } = spawnSync(process.execPath, [join(outdir, `${name}.mjs`)], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
