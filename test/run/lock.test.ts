import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { touch } from '../../src/bids/disk.ts'
import { jobOf, makeStagingFolder, type Owner, sweep, takeLock, thisOwner } from '../../src/run/lock.ts'
import { LockLost, makeStaging } from '../../src/run/staging.ts'
import { newFolder } from './harness.ts'
import { until } from './started.ts'

/** Who holds what, and when a holder counts as gone. */

const self = thisOwner(hostname(), process.pid, 'self')
const root = newFolder('lock')
let locks = 0
/** A lock that another process has taken, so long ago. */
function heldBy(owner: Owner, minutesAgo = 0): string {
  const path = join(root, `lock-${locks++}.json`)
  writeFileSync(path, JSON.stringify(owner))
  const then = new Date(Date.now() - 60_000 * minutesAgo)
  utimesSync(path, then, then)
  return path
}
const isTaken = (path: string) => 'release' in takeLock(path, self, Date.now)

describe('a lock', () => {
  it('is held by one, who says who he is, and free again after that', () => {
    const path = join(root, 'deep/one.json')
    const lock = takeLock(path, self, Date.now)
    if (!('release' in lock)) throw new Error('it should be free')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(self)
    expect(takeLock(path, { ...self, token: 'other' }, Date.now)).toEqual({
      heldBy: `process ${process.pid} on ${hostname()}`,
    })
    lock.release()
    expect(readdirSync(join(root, 'deep'))).toEqual([])
    expect(isTaken(path)).toBe(true)
  })

  it('of a process of this machine lasts as long as that process', async () => {
    const child = spawn('sleep', ['60'])
    const owner = thisOwner(hostname(), child.pid ?? 0, 'child')
    expect(isTaken(heldBy(owner, 600))).toBe(false)
    expect(isTaken(heldBy({ ...owner, ticks: '1' }))).toBe(true)
    child.kill('SIGKILL')
    await new Promise(resolve => child.on('close', resolve))
    expect(isTaken(heldBy(owner))).toBe(true)
  })

  it('of a process that has ended and that nobody has asked for is free', async () => {
    // The shell becomes a sleep that knows nothing of the child that the shell has started.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const pid = Number(String(await new Promise(resolve => parent.stdout.once('data', resolve))))
    const owner = thisOwner(hostname(), pid, 'zombie')
    await until(() => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')), 'its end')
    expect(isTaken(heldBy(owner))).toBe(true)
    parent.kill('SIGKILL')
  })

  it('of another machine, or of another container, lasts as long as it gives signs of life', () => {
    for (const owner of [
      { ...self, host: 'elsewhere', token: 'a' },
      { ...self, namespace: 'pid:[1]', token: 'b' },
      { ...self, namespace: '', token: 'c' },
    ]) {
      expect(isTaken(heldBy(owner, 14))).toBe(false)
      expect(isTaken(heldBy(owner, 16))).toBe(true)
    }
  })

  it('of a batch job that was queued again is free, on whichever machine it was', () => {
    const job = (restarts: number) => ({ ...self, host: 'elsewhere', token: 'job', job: { id: '7', restarts } })
    const take = (owner: Owner, taker: Owner) => 'release' in takeLock(heldBy(owner), { ...taker, host: 'here' })
    expect(take(job(0), job(1))).toBe(true)
    expect(take(job(1), job(1))).toBe(false)
    expect(take(job(0), { ...job(1), job: { id: '8', restarts: 1 } })).toBe(false)
    expect(take(job(0), self)).toBe(false)
    expect(jobOf({ SLURM_JOB_ID: '7', SLURM_RESTART_COUNT: '2' })).toEqual({ id: '7', restarts: 2 })
    expect([jobOf({ SLURM_JOB_ID: '7' })?.restarts, jobOf({})]).toEqual([0, null])
  })

  it('is judged by the clock of the file system, whatever that of the machine says', () => {
    const faraway = heldBy({ ...self, host: 'elsewhere' }, 14)
    const real = Date.now
    try {
      Date.now = () => real() + 3_600_000
      expect('release' in takeLock(faraway, self)).toBe(false)
      Date.now = () => real() - 3_600_000
      expect('release' in takeLock(heldBy({ ...self, host: 'elsewhere' }, 16), self)).toBe(true)
    } finally {
      Date.now = real
    }
    const before = statSync(faraway).mtimeMs
    touch(faraway)
    expect(statSync(faraway).mtimeMs).toBeGreaterThan(before + 13 * 60_000)
    expect(JSON.parse(readFileSync(faraway, 'utf8'))).toMatchObject({ host: 'elsewhere' })
    expect(readdirSync(root).filter(name => name.startsWith('.clock'))).toEqual([])
  })

  it('that cannot be read counts as held while it is young', () => {
    const path = heldBy(self)
    writeFileSync(path, '')
    expect(takeLock(path, { ...self, token: 'other' }, Date.now)).toEqual({ heldBy: 'another process' })
    expect('release' in takeLock(path, self, () => Date.now() + 16 * 60_000)).toBe(true)
  })
})

describe('what calls leave behind', () => {
  it('is swept where they are gone, and only there', () => {
    const [staging, lockFolder] = [join(root, 'tmp'), join(root, 'locks')]
    mkdirSync(staging)
    mkdirSync(lockFolder)
    const gone: Owner = { ...self, ticks: '1', token: 'gone' }
    const faraway: Owner = { ...self, host: 'elsewhere', token: 'faraway' }
    for (const owner of [gone, faraway, self]) {
      makeStagingFolder(join(staging, `1_2.${owner.token}`), owner)
      writeFileSync(join(lockFolder, `${owner.token}.json`), JSON.stringify(owner))
    }
    mkdirSync(join(staging, '1_2.ownerless'))
    sweep({ staging, locks: lockFolder }, self, Date.now())
    expect(readdirSync(staging).sort()).toEqual(['1_2.faraway', '1_2.faraway.json', '1_2.self', '1_2.self.json'])
    expect(readdirSync(lockFolder).sort()).toEqual(['faraway.json', 'self.json'])
    sweep({ staging, locks: lockFolder }, self, Date.now() + 16 * 60_000)
    expect(readdirSync(staging).sort()).toEqual(['1_2.self', '1_2.self.json'])
    expect(readdirSync(lockFolder)).toEqual(['self.json'])
  })
})

describe('files on their way', () => {
  const out = join(root, 'out')
  const make = (name: string) => {
    const path = join(root, `${name}.json`)
    const lock = takeLock(path, { ...self, token: name }, Date.now)
    if (!('release' in lock)) throw new Error('it should be free')
    return { lock, staging: makeStaging(out, join(root, name), { path, token: name }) }
  }

  it('are seen together, the record last; what is no longer written goes', () => {
    const first = make('first')
    for (const path of ['sub-01/a', 'sub-01/b', 'sub-01/record']) first.staging.add(path, path)
    expect(existsSync(out)).toBe(false)
    first.staging.commit('sub-01/record', [])
    expect(readdirSync(join(out, 'sub-01'))).toEqual(['a', 'b', 'record'])
    const second = make('second')
    for (const path of ['sub-01/b', 'sub-01/record']) second.staging.add(path, `new ${path}`)
    second.staging.commit('sub-01/record', ['sub-01/a', 'sub-01/b'])
    expect(readdirSync(join(out, 'sub-01'))).toEqual(['b', 'record'])
    expect(readFileSync(join(out, 'sub-01/b'), 'utf8')).toBe('new sub-01/b')
    expect(existsSync(join(root, 'second'))).toBe(false)
  })

  it('stay where they are when another process has taken the lock', () => {
    const { staging, lock } = make('third')
    staging.add('sub-01/b', 'late')
    writeFileSync(lock.path, JSON.stringify({ ...self, token: 'another' }))
    expect(() => staging.commit('sub-01/record', ['sub-01/b'])).toThrow(LockLost)
    expect(readFileSync(join(out, 'sub-01/b'), 'utf8')).toBe('new sub-01/b')
    lock.release()
    expect(existsSync(lock.path)).toBe(true)
  })
})
