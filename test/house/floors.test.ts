import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Imports go down only: a room stands above all it uses. Rooms of one floor do not use each other. */
const FLOORS = [
  ['numerics', 'units', 'problems', 'options'],
  ['physics', 'image', 'bids', 'protocol', 'command', 'boutiques'],
  ['kinetics', 'report', 'nifti'],
  ['modalities'],
  ['run'],
  ['app'],
  ['selftest'],
  ['main'],
  ['bin'],
]

/** The doors to the world, and who may open them. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  'node:fs': ['bids/disk.ts'],
  'node:fs/promises': ['bids/disk.ts'],
  'node:child_process': ['run/pool.ts'],
  'node:worker_threads': [],
  'node:os': ['main.ts', 'run/resources.ts'],
  'node:http': [],
  'node:https': [],
  'node:net': [],
}

const sources = list('src')
const room = (file: string) => (file.split('/')[0] ?? '').replace(/\.ts$/, '')
const floor = (file: string) => FLOORS.findIndex(rooms => rooms.includes(room(file)))
const slice = (file: string) => /^modalities\/(\w+)\//.exec(file)?.[1]

function list(folder: string): string[] {
  return readdirSync(folder).flatMap(name => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? list(path) : path.endsWith('.ts') ? [path.replace(/^src\//, '')] : []
  })
}

function text(file: string): string {
  return readFileSync(join('src', file), 'utf8')
}

function code(file: string): string {
  return text(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
}

function importsOf(file: string): string[] {
  return [...code(file).matchAll(/(?:from\s+|import\(\s*|import\s+)'([^']+)'/g)].map(match => match[1] ?? '')
}

describe('the floors', () => {
  it.each(sources)('%s uses only what is below it', file => {
    expect(floor(file), `${file} is in no room`).toBeGreaterThanOrEqual(0)
    for (const target of importsOf(file)) {
      if (!target.startsWith('.')) {
        expect(DOORS[target] ?? [file], `${file} opens ${target}`).toContain(file)
        continue
      }
      const used = posix.normalize(posix.join(posix.dirname(file), target))
      if (room(file) !== room(used)) expect(floor(file), `${file} -> ${used}`).toBeGreaterThan(floor(used))
      else if (slice(file) && slice(used)) expect(slice(file), `${file} -> ${used}`).toBe(slice(used))
    }
  })
})

describe('the doors', () => {
  it.each(sources.filter(file => !['main.ts', 'bin.ts', 'run/worker.ts'].includes(file)))(
    '%s leaves the process alone',
    file => {
      expect(code(file)).not.toMatch(/\bprocess\.|\bconsole\./)
    },
  )

  it.each(sources.filter(file => !['main.ts', 'run/write.ts', 'bids/disk.ts'].includes(file)))(
    '%s takes no time and no chance',
    file => {
      expect(code(file)).not.toMatch(/Math\.random|Date\.now|new Date\(\)|toLocale|Intl\./)
    },
  )

  it.each(sources)('%s has no power that differs between versions of Node', file => {
    // x ** 2 and Math.pow with a whole exponent are exact everywhere; others go through numerics/power.
    const expressions = code(file).replace(/'[^'\n]*'|`[^`]*`/g, '')
    for (const [, exponent] of expressions.matchAll(/\*\*\s*([\w.(]+)/g))
      expect(exponent, `${file}: ** ${exponent}`).toMatch(/^\d+$/)
    if (file !== 'numerics/power.ts') expect(code(file)).not.toMatch(/Math\.pow/)
  })
})

describe('the size', () => {
  it.each(sources)('%s fits on a few screens', file => {
    expect(text(file).split('\n').length, `${file} should be split`).toBeLessThanOrEqual(500)
  })
})
