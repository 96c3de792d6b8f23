// `npm test`: types and style, then every test, then one plain line with the real count.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const run = (command, ...words) => spawnSync(command, words, { stdio: 'inherit' }).status ?? 1

/** What switches tests on that are skipped without it. */
const SWITCHES = [
  {
    package: 'python3-nibabel',
    there: () => spawnSync('/usr/bin/python3', ['-c', 'import nibabel']).status === 0,
    tests: 'NIfTI against nibabel',
  },
  {
    package: 'bubblewrap',
    there: () => spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-net', 'true']).status === 0,
    tests: 'the demo without a network, on a read-only root',
  },
  {
    package: 'snakemake',
    there: () => spawnSync('snakemake', ['--version']).status === 0,
    tests: 'the rules for Snakemake',
  },
  {
    package: 'chromium',
    there: () => existsSync('/usr/bin/chromium'),
    tests: 'reports and group page in a browser',
  },
]
for (const { package: name, there, tests } of SWITCHES)
  if (!there()) console.log(`skipped without 'apt-get install ${name}': ${tests}`)
if (!existsSync('../shared/data')) console.log('skipped without ../shared/data: tests on real and reference images')

const checks = [
  ['types', () => run('npx', 'tsc', '--noEmit') + run('npx', 'tsc', '--noEmit', '-p', 'viewer')],
  ['style', () => run('npx', 'biome', 'ci', '--diagnostic-level=error', '.')],
]
const broken = checks.filter(([, check]) => check() !== 0).map(([name]) => name)

const folder = mkdtempSync(join(tmpdir(), 'perfquant-test-'))
const report = join(folder, 'report.json')
const status = run(
  'npx',
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
)
const counts = existsSync(report)
  ? JSON.parse(readFileSync(report, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 }
rmSync(folder, { recursive: true })
// A file that fails before its tests are collected counts as one failure.
const files = (counts.testResults ?? []).filter(
  file => file.status === 'failed' && file.assertionResults.length === 0,
).length
const failed =
  counts.numFailedTests + files + broken.length + (status !== 0 && counts.numFailedTests + files === 0 ? 1 : 0)
const skipped = counts.numPendingTests + (counts.numTodoTests ?? 0)
if (broken.length > 0) console.log(`failed before the tests: ${broken.join(', ')}`)
const asked = process.env['REQUIRE_ALL'] === '1' && skipped > 0
if (asked) console.log(`${skipped} tests were skipped and REQUIRE_ALL=1 asks for all`)
console.log(`${counts.numPassedTests} passed, ${failed + (asked ? skipped : 0)} failed, ${asked ? 0 : skipped} skipped`)
process.exitCode = failed > 0 || asked ? 1 : 0
