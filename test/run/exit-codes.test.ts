import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { takeLock, thisOwner } from '../../src/run/lock.ts'
import { type AslRun, writeDataset } from './dataset.ts'
import { listFiles, newFolder, perfquant, type Ran } from './harness.ts'
import { halfFiles } from './started.ts'

/** The exit codes of the contract, each by a situation that brings it about, with the last line as it must stand. */

const root = newFolder('codes')
const sound = writeDataset(join(root, 'sound'), [{ sub: '01' }, { sub: '02', also: 'acq-b' }])
const quick = '--skip-bids-validation'

/** The code, and the last line with the folders that differ from call to call left out. */
function ending({ code, last }: Ran): string {
  return `${code} ${last.replaceAll(root, '').replace(/logs\/\d{8}-\d{6}_[^/ ]+\/$/, 'LOGS')}`
}

let outputs = 0
/** Process a dataset into a folder of its own. */
function call(input: string, ...words: readonly string[]): string {
  return ending(perfquant(input, join(root, `out-${outputs++}`), 'participant', ...words))
}

function dataset(name: string, ...runs: readonly AslRun[]): string {
  return writeDataset(join(root, name), runs)
}

/** In place of an image: the plain header of a series of this shape, without a voxel. */
const plainHeader = (shape: readonly [number, number, number], frames: number) => (image: Uint8Array) => {
  const head = Buffer.from(gunzipSync(image)).subarray(0, 352)
  for (const [at, size] of [4, ...shape, frames].entries()) head.writeInt16LE(size, 40 + 2 * at)
  return head
}

const dangling = (): string => '../../.git/annex/objects/Xx/Yy/MD5E-s1--0.nii.gz/MD5E-s1--0.nii.gz'

describe('0 and 1: what became of the runs', () => {
  it('0: all done', () => {
    expect(call(sound)).toBe('0 perfquant finished: 2 of 2 runs (exit 0)')
  })

  it('1: one refused of several, for a reason that alone would be 65', () => {
    const input = dataset('one-refused', { sub: '01' }, { sub: '02', sidecar: { PostLabelingDelay: 1800 } })
    expect(call(input, quick)).toBe('1 perfquant failed: 1 of 2 runs failed (exit 1); see LOGS')
  })

  it('1: all refused, for different reasons', () => {
    const input = dataset(
      'two-reasons',
      { sub: '01', bytes: dangling },
      { sub: '02', sidecar: { PostLabelingDelay: 1800 } },
    )
    expect(call(input, quick)).toBe('1 perfquant failed: 2 of 2 runs failed (exit 1); see LOGS')
  })

  it('1: a part of the outputs refused', () => {
    const input = dataset('partial', {
      sub: '01',
      m0: 'Absent',
      sidecar: { BackgroundSuppression: true, BackgroundSuppressionNumberPulses: 2 },
    })
    expect(call(input, quick)).toBe('1 perfquant failed: 1 of 1 runs failed (exit 1); see LOGS')
  })
})

describe('16, 65, 66: every run for one reason', () => {
  it('16: the validator finds an error in a file that the run needs', () => {
    const input = dataset('invalid', { sub: '01', sidecar: { VascularCrushing: 'no' } })
    expect(call(input)).toBe('16 perfquant failed: 1 of 1 runs failed (exit 16); see LOGS')
    expect(call(input, quick)).toBe('0 perfquant finished: 1 of 1 runs (exit 0)')
  })

  it('65: unusable data', () => {
    const input = dataset(
      'bad',
      { sub: '01', sidecar: { PostLabelingDelay: 1800 } },
      { sub: '02', bytes: image => image.subarray(0, image.length / 2) },
    )
    expect(call(input, quick)).toBe('65 perfquant failed: 2 of 2 runs failed (exit 65); see LOGS')
  })

  it('66: a file that was not fetched, or is missing', () => {
    const input = dataset('absent', { sub: '01', bytes: dangling }, { sub: '02', context: null })
    expect(call(input, quick)).toBe('66 perfquant failed: 2 of 2 runs failed (exit 66); see LOGS')
  })

  it('the same of a plan, which writes nothing', () => {
    expect(call(join(root, 'absent'), '--dry-run')).toBe('66 perfquant failed: 2 of 2 runs failed (exit 66)')
    expect(existsSync(join(root, `out-${outputs - 1}`))).toBe(false)
  })

  it('66: no such dataset, at either level', () => {
    expect(call(join(root, 'nowhere'))).toBe(
      '66 perfquant failed: the dataset /nowhere does not exist; in a container, check the bind mounts. (exit 66)',
    )
    expect(ending(perfquant(join(root, 'nowhere'), join(root, 'group'), 'group'))).toBe(
      '66 perfquant failed: the dataset /nowhere does not exist; in a container, check the bind mounts. (exit 66)',
    )
  })

  it('66: a group of nothing, which leaves no folder behind', () => {
    expect(ending(perfquant(root, join(root, 'group'), 'group'))).toBe(
      '66 perfquant failed: /group holds no results of perfquant (no sub-*/**/*_desc-provenance_*.json); run the participant level first (exit 66)',
    )
    expect(existsSync(join(root, 'group'))).toBe(false)
  })
})

describe('17, 64: the command line', () => {
  it('17: an unknown level', () => {
    expect(ending(perfquant(sound, join(root, 'x'), 'particpant'))).toBe(
      "17 perfquant failed: analysis level 'particpant' is not known; there are participant and group (exit 17)",
    )
  })

  it('64: what cannot be understood or must not be', () => {
    const filter = join(root, 'filter.json')
    writeFileSync(filter, '{"asll": {}}')
    const out = join(root, 'usage')
    const refused: readonly (readonly [readonly string[], string])[] = [
      [
        ['--nprocs', '2', sound, out, 'participant'],
        'the three positionals come first: perfquant BIDS_DIR OUTPUT_DIR participant [options]; found 0 before --nprocs',
      ],
      [[sound, out, 'participant', '--nproc', '2'], 'unknown option: nproc; see perfquant --help'],
      [
        [sound, sound, 'participant'],
        'the output folder is the input dataset itself (/sound); use for example /sound/derivatives/perfquant',
      ],
      [
        [sound, join(sound, 'sub-01/out'), 'participant'],
        'the output folder /sound/sub-01/out is inside the raw data of sub-01; use for example /sound/derivatives/perfquant',
      ],
      [
        [sound, out, 'participant', '-w', join(sound, 'work')],
        '--work-dir /sound/work is inside the input dataset; choose a folder elsewhere',
      ],
      [
        [sound, out, 'participant', '--bids-filter-file', filter],
        '--bids-filter-file /filter.json: there is no query "asll"; the queries are asl m0scan dsc dce dwi vfa irt1 t1map b1 t1w mask dseg aif t2w flair sbref fmap roi.',
      ],
      [
        [sound, out, 'participant', '--mask', join(root, 'mask.nii')],
        '--mask /mask.nii does not exist; check the path (in a container: the bind mounts)',
      ],
      [[sound, out, 'participant', '--mem', '8'], '--mem is 8, which means 8 MB; for GB write 8G'],
    ]
    for (const [words, sentence] of refused)
      expect(ending(perfquant(...words))).toBe(`64 perfquant failed: ${sentence} (exit 64)`)
    expect(existsSync(out)).toBe(false)
  })

  it('64 comes before 66: what is wrong with the command is said first', () => {
    expect(call(join(root, 'nowhere'), '--mask', join(root, 'mask.nii'))).toMatch(/^64 /)
  })
})

describe('18: nothing is selected', () => {
  it('an unknown participant: the labels that there are', () => {
    expect(call(sound, '--participant-label', '01', '7')).toBe(
      '18 perfquant failed: no participant sub-7 in /sound: it has 01 02; give one of these, or in a container, check the bind mounts. (exit 18)',
    )
  })

  it('no run of the technique, or none that the filter leaves', () => {
    const anatomy = join(root, 'anatomy')
    mkdirSync(join(anatomy, 'sub-01/anat'), { recursive: true })
    writeFileSync(join(anatomy, 'sub-01/anat/sub-01_T1w.nii.gz'), '')
    expect(call(anatomy)).toMatch(
      /^18 perfquant failed: \/anatomy holds no run of a technique that this version processes in the selection: .* \(exit 18\)$/,
    )
    const filter = join(root, 'none.json')
    writeFileSync(filter, '{"asl": {"acquisition": "c"}}')
    expect(call(sound, '--bids-filter-file', filter)).toMatch(
      /^18 perfquant failed: \/sound holds no run of .* \(exit 18\)$/,
    )
  })
})

describe('73, 74: the output', () => {
  it('73: what is above it is a file', () => {
    const file = join(root, 'file')
    writeFileSync(file, '')
    expect(ending(perfquant(sound, join(file, 'out'), 'participant'))).toMatch(
      /^73 perfquant failed: the output folder \/file\/out cannot be written: .* \(exit 73\)$/,
    )
    // Where the system knows of no folder to be made, in one that is there.
    if (existsSync('/proc/self'))
      expect(ending(perfquant(sound, '/proc/perfquant/out', 'participant'))).toMatch(
        /^73 perfquant failed: the output folder \/proc\/perfquant\/out cannot be written: .* \(exit 73\)$/,
      )
    // Before what is wrong with the dataset and the selection; a plan writes nothing and does not ask.
    expect(ending(perfquant(join(root, 'nowhere'), join(file, 'out'), 'participant'))).toMatch(/^73 /)
    expect(ending(perfquant(sound, join(file, 'out'), 'participant', '--dry-run'))).toMatch(/^0 /)
  })

  it.skipIf(process.getuid?.() === 0)('73: it is not ours to write', () => {
    const folder = join(root, 'closed')
    mkdirSync(folder)
    chmodSync(folder, 0o500)
    expect(ending(perfquant(sound, join(folder, 'out'), 'participant'))).toMatch(
      /^73 perfquant failed: the output folder \/closed\/out cannot be written: .* \(exit 73\)$/,
    )
  })

  const small = (size: string, input: string, ...words: readonly string[]): Ran & { readonly kept: string } => {
    const [disk, kept] = [newFolder('disk'), newFolder('kept')]
    const script =
      'mount -t tmpfs -o size="$1" tmpfs "$2" || exit 99; shift; disk="$1" kept="$2"; shift 2; "$@"; code=$?; cp -r "$disk/." "$kept"; exit $code'
    const program = [process.execPath, 'dist/main.js', input, join(disk, 'out'), 'participant', ...words]
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['-rm', 'sh', '-c', script, 'sh', size, disk, kept, ...program],
      { encoding: 'utf8' },
    )
    return {
      code: status,
      out: stdout,
      err: stderr,
      last: stderr.trimEnd().split('\n').at(-1) ?? '',
      kept: join(kept, 'out'),
    }
  }
  const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=100k tmpfs /mnt']).status === 0
  if (!canMount) console.warn('skipped: no small disk can be mounted here (unshare -rm), so exit code 74 is not tested')

  it.skipIf(!canMount).each(['4k', '40k', '120k', '300k'])('74: a disk of %s is full', size => {
    const full = small(size, sound, quick)
    expect(full.last, full.err).toMatch(
      /^perfquant failed: .*ENOSPC.*\/out has 0 MB free; make room and call again, which continues \(exit 74\)$/,
    )
    expect(full.code).toBe(74)
    expect(full.err).not.toMatch(/^ +at /m)
    expect(halfFiles(full.kept)).toEqual([])
  })
})

describe('75: another time', () => {
  it('images that do not fit into the memory that was granted', () => {
    const bytes = plainHeader([200, 200, 150], 2)
    const input = dataset('large', { sub: '01', m0: 'Absent', volumes: ['deltam', 'deltam'], bytes })
    // The file is as large as it says, and takes no room: it holds nothing but its header.
    const file = join(input, 'sub-01/perf/sub-01_asl.nii')
    renameSync(`${file}.gz`, file)
    truncateSync(file, 352 + 2 * 2 * 200 * 200 * 150)
    const ran = perfquant(input, join(root, 'too-large'), 'participant', quick, '--mem', '20M')
    expect(ending(ran)).toBe('75 perfquant failed: 1 of 1 runs failed (exit 75); see LOGS')
    expect(ran.err).toMatch(
      /^ {2}error RUN_TOO_LARGE: sub-01 asl needs about \d+ MB beside 250 MB for the program, and 20 MB are allowed; give --mem \d+MB or more\.$/m,
    )
  })

  it('another process works on the only run', () => {
    const out = join(root, 'locked')
    const lock = takeLock(
      join(out, '.perfquant/lock/asl_sub-01.json'),
      thisOwner(hostname(), process.pid, 'test'),
      Date.now,
    )
    if (!('release' in lock)) throw new Error(lock.heldBy)
    const one = ['--participant-label', '01', quick]
    const ran = perfquant(sound, out, 'participant', ...one)
    expect(ending(ran)).toBe('75 perfquant failed: 1 of 1 runs failed (exit 75); see LOGS')
    expect(ran.err).toContain(
      `error RUN_LOCKED: sub-01 asl is being worked on by process ${process.pid} on ${hostname()}; wait for it, or remove ${out}/.perfquant/lock/asl_sub-01.json if it is gone.`,
    )
    expect(listFiles(out).filter(path => path.includes('/perf/'))).toEqual([])
    // With one that can be done, the call still ends with 75: a rerun continues.
    expect(ending(perfquant(sound, out, 'participant', quick))).toBe(
      '75 perfquant failed: 1 of 2 runs failed (exit 75); see LOGS',
    )
    lock.release()
    expect(ending(perfquant(sound, out, 'participant', quick))).toBe('0 perfquant finished: 2 of 2 runs (exit 0)')
    expect(readdirSync(join(out, '.perfquant/lock'))).toEqual([])
  })
})
