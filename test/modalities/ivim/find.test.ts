import { describe, expect, it } from 'vitest'
import { type BidsName, parseName } from '../../../src/bids/name.ts'
import { ivim } from '../../../src/modalities/ivim/index.ts'
import type { Index } from '../../../src/modalities/modality.ts'
import { defaultOptions } from '../../../src/options.ts'
import { good } from '../../../src/problems.ts'
import { bvecText } from './run.ts'

interface File {
  readonly b: readonly number[]
  /** Directions of each weighted b-value; 0 for a mean that the scanner made. */
  readonly directions?: number
  readonly sidecar?: Readonly<Record<string, unknown>>
  readonly without?: '.bval' | '.bvec'
}

/** Directions spread over a half sphere, the first three orthogonal. */
function vectorOf(at: number): number[] {
  if (at < 3) return [0, 1, 2].map(row => (row === at ? 1 : 0))
  const z = ((at - 2) * 0.07) % 1
  const angle = 2.4 * at
  return [Math.sqrt(1 - z * z) * Math.cos(angle), Math.sqrt(1 - z * z) * Math.sin(angle), z]
}

function indexOf(files: Readonly<Record<string, File>>): Index {
  const texts = (image: BidsName, extension: string) => {
    const file = files[image.path]
    if (!file || file.without === extension) return good(null)
    const directions = file.directions ?? 3
    const volumes = file.b.flatMap(b =>
      b <= 5 || directions === 0
        ? [{ b, vector: [0, 0, 0] }]
        : Array.from({ length: directions }, (_, at) => ({ b, vector: vectorOf(at) })),
    )
    return good({
      path: image.path,
      text: extension === '.bval' ? volumes.map(({ b }) => b).join(' ') : bvecText(volumes.map(({ vector }) => vector)),
    })
  }
  return {
    images: Object.keys(files).flatMap(path => parseName(path) ?? []),
    tables: () => [],
    pointedAt: () => false,
    sidecar: image => good({ values: files[image.path]?.sidecar ?? {}, from: {}, files: [] }),
    header: () => ({ ok: false, problems: [] }),
    table: () => good(null),
    text: texts,
    participant: () => ({}),
    acquiredAt: () => null,
  }
}

const find = (files: Readonly<Record<string, File>>, options = {}) => {
  const { runs, left } = ivim.find(indexOf(files), { ...defaultOptions(), ...options })
  const short = (path: string) => path.replace(/.*sub-01_/, '').replace('.nii.gz', '')
  return {
    runs: runs.map(({ series, context }) => `${series.map(({ path }) => short(path)).join('+')} ${context['scheme']}`),
    left: left.map(({ image, reason }) => `${short(image.path)}: ${reason}`),
  }
}
const one = (file: File, options = {}) => find({ 'sub-01/dwi/sub-01_dwi.nii.gz': file }, options)
const at = (rest: string) => `sub-01/dwi/sub-01_${rest}.nii.gz`

describe('one series', () => {
  it.each([
    ['brain', { b: [0, 10, 20, 50, 100, 200, 500, 900] }, 'dwi ivim'],
    ['repeats and shuffled', { b: [800, 0, 50, 200, 0, 50, 800] }, 'dwi ivim'],
    ['b of 5 as none (6 directions)', { b: [0, 20, 50, 200, 600], directions: 6 }, 'dwi ivim'],
    ['true low b of 1 and 2', { b: [0, 1, 2, 200, 600] }, 'dwi ivim'],
    ['a vendor’s trace', { b: [0, 20, 100, 200, 800], directions: 0 }, 'dwi ivim'],
    ['the least set', { b: [0, 200, 800] }, 'dwi simplified'],
    [
      'by its name',
      { b: [0, 200, 800], directions: 12, sidecar: { SeriesDescription: 'ep2d_IVIM' } },
      'dwi simplified',
    ],
    ['without b = 0, refused later', { b: [10, 50, 200, 800] }, 'dwi ivim'],
    [
      'named IVIM, with b-values that were lost, refused later',
      { b: [0, 0, 0], sidecar: { SeriesDescription: 'IVIM' } },
      'dwi ivim',
    ],
    ['without b-values, refused later', { b: [0, 200], without: '.bval' }, 'dwi ivim'],
  ] as const)('%s', (_, file, run) => expect(one(file)).toEqual({ runs: [run], left: [] }))

  it.each([
    ['tensor', { b: [0, 1000], directions: 32 }, /tensor imaging: up to 3. directions/],
    ['shells', { b: [0, 500, 1000, 2000, 3000], directions: 15 }, /tensor imaging/],
    ['shells with 5 as none', { b: [5, 700, 1000, 2000], directions: 30 }, /tensor imaging/],
    ['shells with 0 and 5', { b: [0, 5, 700, 1000, 2000], directions: 30 }, /tensor imaging/],
    ['clinical', { b: [0, 800] }, /1 b-value\(s\) from 200 to 1200 s\/mm², D and f need two \(b 0 800\); --ivim-force/],
    ['liver, clinical', { b: [0, 50, 800] }, /D and f need two/],
    ['b = 0 only', { b: [0, 0] }, /no diffusion weighting/],
  ] as const)('%s is left alone', (_, file, reason) => {
    const { runs, left } = one(file)
    expect(runs).toEqual([])
    expect(left).toHaveLength(1)
    expect(left[0]).toMatch(reason)
    expect(one(file, { 'ivim-force': true }).runs).toEqual(['dwi other'])
  })

  it.each([
    [[800, 800], /all volumes have one b-value, 800 s\/mm²; diffusion needs two \(b 800\)$/],
    [[0, 0.05, 0.2, 0.8], /largest b-value is 0.8 s\/mm²; .* write 800 for 0.8 ms\/µm²/],
  ])('%j is left alone, for force would not help', (b, reason) => {
    expect(one({ b }).left[0]).toMatch(reason)
  })

  it('a trace or a phase is no series', () => {
    expect(find({ [at('trace')]: { b: [] }, [at('part-phase_dwi')]: { b: [0, 20, 200, 800] } })).toMatchObject({
      runs: [],
      left: [/no b-values in BIDS/, /magnitude/].map(words => expect.stringMatching(words)),
    })
  })
})

describe('several series', () => {
  const full = { b: [0, 20, 50, 200, 800] }
  it('repeats stay repeats', () => {
    expect(find({ [at('run-1_dwi')]: full, [at('run-2_dwi')]: full }).runs).toEqual([
      'run-1_dwi ivim',
      'run-2_dwi ivim',
    ])
  })

  it('parts of one scan are joined', () => {
    const sidecar = { MultipartID: 'a', PhaseEncodingDirection: 'j' }
    expect(find({ [at('run-1_dwi')]: { ...full, sidecar }, [at('run-2_dwi')]: { ...full, sidecar } }).runs).toEqual([
      'run-1_dwi+run-2_dwi ivim',
    ])
    const opposite = find({
      [at('dir-AP_dwi')]: { ...full, sidecar },
      [at('dir-PA_dwi')]: { b: [0], sidecar: { ...sidecar, PhaseEncodingDirection: 'j-' } },
    })
    expect(opposite).toMatchObject({ runs: ['dir-AP_dwi ivim'], left: [expect.stringContaining('phase encoding')] })
  })

  it('complements are joined, others are not', () => {
    expect(
      find({ [at('acq-low_dwi')]: { b: [0, 10, 50, 100] }, [at('acq-high_dwi')]: { b: [200, 500, 800] } }).runs,
    ).toEqual(['acq-low_dwi+acq-high_dwi ivim'])
    expect(find({ [at('run-1_dwi')]: { b: [0, 50, 800] }, [at('run-2_dwi')]: { b: [0, 50, 800] } }).runs).toEqual([])
    expect(
      find({ [at('run-1_dwi')]: { b: [0, 1000], directions: 30 }, [at('run-2_dwi')]: { b: [0, 700], directions: 30 } })
        .runs,
    ).toEqual([])
    expect(find({ [at('run-1_dwi')]: full, [at('run-2_dwi')]: { b: [0, 800] } })).toMatchObject({
      runs: ['run-1_dwi ivim'],
      left: [expect.stringContaining('run-2')],
    })
  })
})
