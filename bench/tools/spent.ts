import { spawnSync } from 'node:child_process'

/**
 * Processor time of a command of this program and what it starts [s].
 *
 * @throws Error where it does not end with 0
 */
export function spent(words: readonly string[]): number {
  const script = `TIMEFORMAT='%U %S'; time "$@" >/dev/null 2>&1`
  const shell = spawnSync('bash', ['-c', script, 'bash', process.execPath, ...words], { encoding: 'utf8' })
  if (shell.status !== 0) throw new Error(`perfquant ${words.join(' ')} ended with ${shell.status}`)
  const [user, system] = shell.stderr.trim().split(' ').map(Number)
  return (user ?? Number.NaN) + (system ?? Number.NaN)
}
