import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { type AslRun, toJson, writeDataset } from './dataset.ts'
import { fingerprints, listFiles, newFolder, perfquant, type Ran, readJson, runEntry } from './harness.ts'
import { halfFiles, start, until, watchMemory } from './started.ts'

/** What goes wrong on real machines and in real datasets: a sentence, the right exit code, nothing lost, little memory. */

// Whole runs, several a test, on a machine that may be busy.
vi.setConfig({ testTimeout: 300_000 })

const root = newFolder('faults')
const quick = '--skip-bids-validation'
const dataset = (name: string, ...runs: readonly AslRun[]) => writeDataset(join(root, name), runs)
const input = dataset('data', { sub: '01', size: 2 }, { sub: '02', size: 2 })
const undisturbed = join(root, 'undisturbed')
perfquant(input, undisturbed, 'participant', 'group', quick)
const results = fingerprints(undisturbed)

/** The sentence of the first problem of a run. */
const said = ({ err }: Ran) => /^ {2}error (.*)$/m.exec(err)?.[1] ?? err

/** A shell that can mount what nobody else sees. */
const mounting = (script: string) =>
  spawnSync('unshare', ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user']), 'sh', '-euc', script], {
    encoding: 'utf8',
  })
const canMount = mounting('mount -t tmpfs -o size=1m tmpfs /mnt').status === 0
if (!canMount) console.warn('SKIPPED: a full disk needs leave to mount one')

const memoryGroup = '/sys/fs/cgroup/memory/perfquant-test'
const canLimit = (() => {
  try {
    mkdirSync(memoryGroup)
    writeFileSync(join(memoryGroup, 'memory.limit_in_bytes'), String(2e8))
    return true
  } catch {
    return false
  }
})()
if (!canLimit) console.warn('SKIPPED: the out-of-memory killer needs a memory cgroup of its own')
afterAll(() => {
  if (canLimit) rmdirSync(memoryGroup)
})

describe('the output disk', () => {
  it.skipIf(!canMount)('full: 74 with path and free space, nothing partial; with room the same call continues', () => {
    const kept = join(root, 'kept')
    const call = `${process.execPath} dist/main.js ${input} /mnt/out participant group ${quick}`
    const ran = mounting(`
      mount -t tmpfs -o size=200k tmpfs /mnt
      ${call} || echo "code $?"
      cp -r /mnt/out ${kept}-full
      mount -o remount,size=100m /mnt
      ${call} && echo "code $?"
      cp -r /mnt/out ${kept}`)
    expect(ran.stdout, ran.stderr).toBe('code 74\ncode 0\n')
    expect(ran.stderr).toMatch(
      /^perfquant failed: ENOSPC: .*; \/mnt\/out has \d+ MB free; make room and call again, which continues \(exit 74\)$/m,
    )
    expect(halfFiles(`${kept}-full`)).toEqual([])
    expect(fingerprints(kept)).toEqual(results)
  })

  it.each(['EDQUOT', 'EIO', 'EFBIG'])('%s after some bytes: 74, and nothing partial', code => {
    const out = join(root, code)
    const fault = join(root, `${code}.mjs`)
    writeFileSync(
      fault,
      `import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
const write = fs.writeSync
let left = 60000
fs.writeSync = (file, bytes, ...rest) => {
  left -= bytes.length ?? 0
  if (left < 0 && bytes.length > 1000) throw Object.assign(new Error('${code}: the disk says no, write'), { code: '${code}' })
  return write(file, bytes, ...rest)
}
syncBuiltinESMExports()
`,
    )
    const words = [input, out, 'participant', 'group', quick]
    const ran = runEntry('dist/main.js', words, { ...process.env, NODE_OPTIONS: `--import ${fault}` })
    expect(ran.code, ran.err).toBe(74)
    expect(ran.last).toMatch(
      new RegExp(`^perfquant failed: ${code}: .* MB free; make room and call again, which continues`),
    )
    expect(halfFiles(out)).toEqual([])
    expect(perfquant(...words).code).toBe(0)
    expect(fingerprints(out)).toEqual(results)
  })
})

describe('the out-of-memory killer', () => {
  it.skipIf(!canLimit)(
    'takes one run, which is named with its memory; the call goes on and says 75 where it took all',
    async () => {
      const out = join(root, 'oom')
      const big = dataset('big', { sub: '01', size: 7 })
      const call = start([big, out, 'participant', quick, '--mem', '1000'])
      // Above what the program itself has, below what it has with a run.
      writeFileSync(join(memoryGroup, 'memory.limit_in_bytes'), String(9e7))
      writeFileSync(join(memoryGroup, 'cgroup.procs'), String(call.pid))
      const ran = await call.ended
      expect(ran.code, ran.err).toBe(75)
      expect(ran.err).toMatch(
        /error RUN_KILLED: The process of sub-01 asl was ended by SIGKILL\. The usual cause is memory: \d\.\d GB was estimated/,
      )
      expect(halfFiles(out)).toEqual([])
    },
  )
})

describe('the input', () => {
  it('that changes while it is read is not processed: 75, and the earlier result stays', async () => {
    const moving = dataset('moving', { sub: '01', size: 2 })
    const out = join(root, 'moving-out')
    expect(perfquant(moving, out, 'participant', quick).code).toBe(0)
    const before = fingerprints(out)
    const file = join(moving, 'sub-01/perf/sub-01_asl.nii.gz')
    const call = start([moving, out, 'participant', quick, '--force-rerun'])
    let time = 1e9
    const timer = setInterval(() => utimesSync(file, time, time++), 5)
    const ran = await call.ended
    clearInterval(timer)
    expect(said(ran)).toBe(
      'FILE_CHANGED: sub-01/perf/sub-01_asl.nii.gz changed while it was being processed; nothing was written. Call again when it is at rest.',
    )
    expect(ran.code).toBe(75)
    expect(fingerprints(out)).toEqual(before)
    expect(perfquant(moving, out, 'participant', quick).code).toBe(0)
  })

  const stranger = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0
  it.skipIf(!stranger)('that may not be read is one refused run', () => {
    const closed = dataset('closed', { sub: '01' }, { sub: '02' }, { sub: '03' })
    chmodSync(join(closed, 'sub-02/perf/sub-02_asl.nii.gz'), 0)
    chmodSync(join(closed, 'sub-03/perf/sub-03_asl.json'), 0)
    const out = join(root, 'closed-out')
    mkdirSync(out)
    for (const folder of [root, out]) chmodSync(folder, 0o777)
    const { status, stderr } = spawnSync(
      'setpriv',
      [
        '--reuid',
        '23456',
        '--regid',
        '23456',
        '--clear-groups',
        process.execPath,
        'dist/main.js',
        closed,
        out,
        'participant',
        quick,
      ],
      { encoding: 'utf8' },
    )
    expect(status, stderr).toBe(1)
    expect(stderr).toMatch(/FILE_UNREADABLE: sub-02\/perf\/sub-02_asl\.nii\.gz: .*EACCES/)
    expect(stderr).toMatch(/FILE_UNREADABLE: sub-03\/perf\/sub-03_asl\.json: .*EACCES/)
    expect(existsSync(join(out, 'sub-01/perf/sub-01_cbf.nii.gz'))).toBe(true)
  })

  it('with rings of links, names of all kinds and a pipe among its files is processed as if they were not there', () => {
    const odd = dataset('odd', { sub: '01', size: 2 }, { sub: '02', size: 2 })
    const perf = join(odd, 'sub-01/perf')
    symlinkSync('..', join(perf, 'loop'))
    symlinkSync('../..', join(odd, 'sub-01/ses-loop'))
    symlinkSync('sub-01_acq-self_asl.nii.gz', join(perf, 'sub-01_acq-self_asl.nii.gz'))
    symlinkSync('b', join(perf, 'a'))
    symlinkSync('a', join(perf, 'b'))
    for (const name of [
      'sub-01_acq-a b_asl.nii.gz',
      '-rf',
      'new\nline_asl.json',
      'ü%20".json',
      'sub-01_asl.nii.gz~',
      '$(exit)',
    ])
      writeFileSync(join(perf, name), 'x')
    expect(spawnSync('mkfifo', [join(perf, 'sub-01_acq-pipe_asl.nii.gz')]).status).toBe(0)
    const out = join(root, `out "of" $HOME 'é`)
    const ran = perfquant(odd, out, 'participant', 'group', quick)
    // The link to itself has the name of a series; that it leads nowhere is its refusal.
    expect(ran.last, ran.err).toMatch(/^perfquant failed: 1 of 3 runs failed \(exit 1\)/)
    expect(said(ran)).toMatch(/^FILE_NOT_FETCHED: .*sub-01_acq-self_asl/)
    const own = Object.entries(results).filter(([path]) => path.startsWith('sub-0'))
    expect(fingerprints(out)).toMatchObject(Object.fromEntries(own))
  })

  it.each([
    '../../../../etc/passwd',
    'bids::../../../etc/passwd',
    '/etc/passwd',
    'file:///etc/passwd',
    'sub-01/perf/../../../x',
  ])('whose sidecar is intended for %s reads nothing outside the dataset', intended => {
    const outward = dataset(`outward-${intended.length}`, { sub: '01', m0Sidecar: { IntendedFor: [intended] } })
    const out = `${outward}-out`
    perfquant(outward, out, 'participant', quick)
    const record = readJson<{ inputs: { uri: string }[] }>(out, 'sub-01/perf/sub-01_desc-provenance_asl.json')
    for (const { uri } of record.inputs) expect(uri).toMatch(/^bids:raw:(sub-01\/perf\/)?[\w.-]+$/)
  })
})

/** What a refused file may cost, with the program itself [bytes]. */
const LITTLE = 300e6

/** Zeros that inflate to a thousand times their size. */
function bomb(head: Uint8Array): Uint8Array {
  const zeros = gzipSync(new Uint8Array(64 << 20))
  return Buffer.concat([gzipSync(head), ...Array.from({ length: 40 }, () => zeros)])
}

/** The header of a float image of this shape, uncompressed and without a voxel. */
function headerOf(...dim: readonly number[]): Buffer {
  const head = Buffer.alloc(352)
  head.writeInt32LE(348, 0)
  for (const [at, size] of [dim.length, ...dim].entries()) head.writeInt16LE(size, 40 + 2 * at)
  head.writeInt16LE(16, 70)
  head.writeInt16LE(32, 72)
  head.writeFloatLE(352, 108)
  head.writeInt16LE(1, 254)
  for (const [at, row] of [280, 296, 312].entries()) head.writeFloatLE(1, row + 4 * at)
  head.write('n+1\0', 344, 'latin1')
  return head
}

describe('a file that is refused', () => {
  const cases: Readonly<Record<string, [place: (file: string) => void, sentence: RegExp]>> = {
    'a sidecar of 50 MB': [
      base => writeFileSync(`${base}_asl.json`, toJson({ EchoTime: Array.from({ length: 5e6 }, (_, at) => at + 1e7) })),
      /^FILE_TOO_LARGE: sub-01\/perf\/sub-01_asl\.json: the file is far larger than any that describes a scan; it is not read\. /,
    ],
    'a sidecar of brackets': [
      base => writeFileSync(`${base}_asl.json`, `{"EchoTime": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`),
      /^JSON_INVALID: sub-01\/perf\/sub-01_asl\.json: has brackets within brackets more than 100 deep; /,
    ],
    'an image that inflates without end': [
      base => writeFileSync(`${base}_asl.nii.gz`, bomb(headerOf(12, 12, 8, 6))),
      /^NIFTI_SIZE: .*dim promises 6 volumes \(27648 bytes\), the file holds more; correct dim or convert it again\.$/,
    ],
    'a header that promises 10^15 voxels': [
      base => writeFileSync(`${base}_asl.nii.gz`, gzipSync(headerOf(32000, 32000, 32000, 31))),
      /^NIFTI_SIZE: .*dim promises 31 volumes \(\d+ bytes\), a compressed file of \d+ bytes cannot hold that; /,
    ],
    'a header that promises more than numbers count': [
      base => writeFileSync(`${base}_asl.nii.gz`, gzipSync(headerOf(32000, 32000, 32000, 32000))),
      /^NIFTI_DIMENSIONS: .*more than any machine holds; convert it again\.$/,
    ],
    noise: [
      base => writeFileSync(`${base}_asl.nii.gz`, gzipSync(Buffer.alloc(4096, 0x5a))),
      /^NIFTI_HEADER: .*not a NIfTI file, convert it with dcm2niix\.$/,
    ],
  }

  it.each(Object.entries(cases))(
    '%s: one sentence, 65, little memory, and the other run is done',
    async (name, [place, sentence]) => {
      const data = dataset(`refused-${name.replaceAll(/\W/g, '')}`, { sub: '01' }, { sub: '02' })
      place(join(data, 'sub-01/perf/sub-01'))
      const out = `${data}-out`
      const alone = start([data, out, 'participant', quick, '--participant-label', '01', '--mem-mb', '1000'])
      const peak = watchMemory(alone)
      const ran = await alone.ended
      expect(ran.code, ran.err).toBe(65)
      expect(said(ran)).toMatch(sentence)
      expect(peak()).toBeLessThan(LITTLE)
      expect(perfquant(data, out, 'participant', quick).code).toBe(1)
      expect(existsSync(join(out, 'sub-02/perf/sub-02_cbf.nii.gz'))).toBe(true)
    },
  )

  it('is not read by the validator either', async () => {
    const data = dataset('refused-validated', { sub: '01' })
    cases['a sidecar of 50 MB']?.[0](join(data, 'sub-01/perf/sub-01'))
    const call = start([data, `${data}-out`, 'participant'])
    const peak = watchMemory(call)
    expect((await call.ended).code).toBe(65)
    expect(peak()).toBeLessThan(LITTLE)
    rmSync(data, { recursive: true })
  })
})

describe('memory that is granted', () => {
  it('is enough for all runs at once that it lets begin', async () => {
    const many = dataset('many', ...['01', '02', '03', '04', '05', '06'].map(sub => ({ sub, size: 3 })))
    const call = start([many, `${many}-out`, 'participant', quick, '--nprocs', '6', '--mem-mb', '700'])
    const peak = watchMemory(call)
    const ran = await call.ended
    expect(ran.code, ran.err).toBe(0)
    expect(peak()).toBeLessThan(700e6)
    await until(() => call.processes().length === 0, 'the processes to end')
    expect(
      listFiles(`${many}-out`).filter(path => path.endsWith('_cbf.nii.gz') && !path.includes('desc-')),
    ).toHaveLength(6)
    expect(readFileSync(resolve(`${many}-out/README.md`), 'utf8')).not.toBe('')
  })
})
