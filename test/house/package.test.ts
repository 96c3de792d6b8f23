import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listFiles, newFolder } from '../run/harness.ts'

/** What a user gets: the tarball, the demo without a network. */

/** A run of the whole program, on a machine that may be busy [ms]. */
const WHOLE_RUN = 600_000

const run = (command: string, words: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env) =>
  spawnSync(command, words, { cwd, env, encoding: 'utf8' })

describe('package.json', () => {
  const project: { dependencies?: object; devDependencies: Record<string, string>; files: string[] } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  )

  it('has no runtime dependency: all is bundled', () => {
    expect(project.dependencies).toBeUndefined()
  })

  it('names no library that is not used', () => {
    const used = ['src', 'test', 'bench', 'viewer']
      .flatMap(folder =>
        listFiles(folder)
          .filter(path => /\.m?ts$|\.mjs$/.test(path))
          .map(path => readFileSync(join(folder, path), 'utf8')),
      )
      .join()
    const tools = ['@biomejs/biome', '@types/node', '@types/yargs', 'typescript', 'bids-validator', 'esbuild', 'vitest']
    for (const name of Object.keys(project.devDependencies))
      if (!tools.includes(name)) expect(used, name).toContain(`'${name}'`)
  })

  it('has a lock file without download addresses', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved"/)
  })
})

describe('the tarball', () => {
  it(
    'installs offline into an empty folder and passes its selftest',
    () => {
      const folder = newFolder('package')
      const packed = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], '.')
      const [{ filename, files }] = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }]
      expect(
        files.map(({ path }) =>
          path.replace(/chunks\/.*/, 'chunks/*').replace(/^bids_templates\/.*/, 'bids_templates/*'),
        ),
      ).toEqual(
        expect.arrayContaining([
          'LICENSE',
          'README.md',
          'CHANGELOG.md',
          'CITATION.cff',
          'package.json',
          'dist/main.js',
          'dist/chunks/*',
          'dist/vendor/bids-schema-validator.mjs',
          'dist/viewer.js',
          'dist/LICENSES.txt',
          'bids_templates/*',
        ]),
      )
      const installed = run(
        'npm',
        ['install', '--offline', '--no-audit', '--no-fund', '--prefix', folder, join(folder, filename)],
        folder,
      )
      expect(installed.status, installed.stderr).toBe(0)
      expect(readdirSync(join(folder, 'node_modules')).filter(name => !name.startsWith('.'))).toEqual(['perfquant'])
      const tested = run(join(folder, 'node_modules/.bin/perfquant'), ['selftest'], folder)
      expect(tested.status, tested.stderr).toBe(0)
      expect(tested.stderr).not.toMatch(/could not be run/)
      expect(tested.stderr.trimEnd().split('\n').at(-1)).toMatch(
        /^perfquant finished: (\d+) of \1 comparisons with the truth hold \(exit 0\)$/,
      )
    },
    WHOLE_RUN,
  )
})

// Installed is not enough: some machines do not let users make namespaces.
const hasBubblewrap = spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-net', 'true']).status === 0
if (!hasBubblewrap) console.warn("SKIPPED: the demo without a network needs 'apt-get install bubblewrap'")

describe('the demo', () => {
  it.skipIf(!hasBubblewrap)(
    'runs without a network, on a read-only root, without HOME, as a stranger',
    () => {
      const out = newFolder('demo')
      mkdirSync(join(out, 'app'))
      copyFileSync('demo.mjs', join(out, 'app/demo.mjs'))
      const ran = run(
        'bwrap',
        [
          '--ro-bind',
          '/',
          '/',
          '--dev',
          '/dev',
          '--proc',
          '/proc',
          '--bind',
          out,
          out,
          '--ro-bind',
          resolve('dist'),
          join(out, 'app/dist'),
          '--ro-bind',
          resolve('bids_templates'),
          join(out, 'app/bids_templates'),
          '--ro-bind',
          resolve('package.json'),
          join(out, 'app/package.json'),
          '--unshare-net',
          '--unshare-user',
          '--uid',
          '2345',
          '--gid',
          '2345',
          '--unsetenv',
          'HOME',
          '--chdir',
          join(out, 'app'),
          process.execPath,
          'demo.mjs',
          join(out, 'demo'),
        ],
        '.',
      )
      expect(ran.status, ran.stderr).toBe(0)
      expect(ran.stderr).not.toMatch(/could not be run/)
      expect(listFiles(join(out, 'demo/derivatives'))).toEqual(
        expect.arrayContaining(['group.html', 'sub-01.html', 'sub-02.html', 'sub-01/perf/sub-01_cbf.nii.gz']),
      )
    },
    WHOLE_RUN,
  )
})
