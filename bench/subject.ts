// A whole ASL subject through the real command, against the floor of the same run: inflating what it read and deflating
// what it wrote, once each, with the levels it writes at. Target: at most 4 times, without motion correction; with it the ratio
// is that of registering a hundred volumes, which `registration` times beside a peer.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, gunzipSync, gzipSync } from 'node:zlib'
import type { Grid } from '../src/image/volume.ts'
import { blankHeader, encodeImage } from '../src/nifti/index.ts'
import { createRandom } from '../src/numerics/random.ts'

const TARGET = 4
const REPEATS = 5
const GRID: Grid = { shape: [128, 128, 60], affine: [1.8, 0, 0, -114, 0, 1.8, 0, -114, 0, 0, 2.5, -74] }
const PAIRS = 50

/** A bright noisy ellipsoid in a dim noisy background, with a difference of 1 % in every other volume. */
function series(): { asl: Int16Array; m0: Int16Array } {
  const [ni, nj, nk] = GRID.shape
  const n = ni * nj * nk
  const random = createRandom('bench')
  const m0 = new Int16Array(n)
  for (let v = 0; v < n; v++) {
    const [x, y, z] = [(v % ni) / ni - 0.5, (Math.floor(v / ni) % nj) / nj - 0.5, Math.floor(v / (ni * nj)) / nk - 0.5]
    m0[v] = 9 * x * x + 7 * y * y + 6 * z * z < 1 ? 8000 + 2000 * Math.abs(x) : 0
  }
  const asl = new Int16Array(n * 2 * PAIRS)
  for (let frame = 0; frame < 2 * PAIRS; frame++)
    for (let v = 0; v < n; v++) asl[frame * n + v] = m0[v]! * (frame % 2 ? 0.1 : 0.107) + 20 * Math.abs(random.normal())
  return { asl, m0 }
}

function dataset(root: string): void {
  const { asl, m0 } = series()
  const folder = join(root, 'sub-01', 'perf')
  mkdirSync(folder, { recursive: true })
  const image = (frames: number, data: Int16Array) =>
    encodeImage({ header: blankHeader(GRID), shape: GRID.shape, frames, data, description: 'bench' })
  const common = {
    MagneticFieldStrength: 3,
    MRAcquisitionType: '3D',
    EchoTime: 0.014,
    FlipAngle: 90,
    RepetitionTimePreparation: 6,
    Manufacturer: 'bench',
  }
  const labelling = {
    ArterialSpinLabelingType: 'PCASL',
    LabelingDuration: 1.8,
    PostLabelingDelay: 1.8,
    BackgroundSuppression: true,
    BackgroundSuppressionNumberPulses: 2,
    M0Type: 'Separate',
    TotalAcquiredPairs: PAIRS,
    VascularCrushing: false,
    AcquisitionVoxelSize: [1.8, 1.8, 2.5],
  }
  writeFileSync(join(root, 'dataset_description.json'), JSON.stringify({ Name: 'bench', BIDSVersion: '1.10.1' }))
  writeFileSync(join(folder, 'sub-01_asl.nii.gz'), image(2 * PAIRS, asl))
  writeFileSync(join(folder, 'sub-01_asl.json'), JSON.stringify({ ...common, ...labelling }))
  writeFileSync(join(folder, 'sub-01_m0scan.nii.gz'), image(1, m0))
  writeFileSync(
    join(folder, 'sub-01_m0scan.json'),
    JSON.stringify({ ...common, IntendedFor: 'bids::sub-01/perf/sub-01_asl.nii.gz' }),
  )
  writeFileSync(join(folder, 'sub-01_aslcontext.tsv'), `volume_type\n${'control\nlabel\n'.repeat(PAIRS)}`)
}

function images(root: string): Buffer[] {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.nii.gz'))
  return paths.map(path => readFileSync(join(root, path)))
}

function time(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const root = mkdtempSync(join(tmpdir(), 'perfquant-bench-subject-'))
try {
  const [input, output] = [join(root, 'data'), join(root, 'out')]
  dataset(input)
  const read = images(input)
  const run = (...options: string[]) => {
    rmSync(output, { recursive: true, force: true })
    const { status, stderr } = spawnSync(process.execPath, ['dist/main.js', input, output, 'participant', ...options], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
  }
  run()
  const written = images(output).map(bytes => ({
    content: gunzipSync(bytes),
    level: bytes[8] === 4 ? constants.Z_BEST_SPEED : 6,
  }))
  const floor = () => {
    for (const bytes of read) gunzipSync(bytes, { chunkSize: 1 << 20 })
    for (const { content, level } of written) gzipSync(content, { level })
  }
  floor()
  const rounds = Array.from({ length: REPEATS }, () => ({
    floor: time(floor),
    run: time(() => run('--motion-correction', 'off')),
  }))
  const corrected = time(() => run())
  const [reference, whole] = [median(rounds.map(round => round.floor)), median(rounds.map(round => round.run))]
  const ratio = median(rounds.map(round => round.run / round.floor))
  console.log(
    `subject  ${GRID.shape.join('×')}×${2 * PAIRS}, validation and report included: ${whole.toFixed(0)} ms  ` +
      `gunzip + gzip ${reference.toFixed(0)} ms  ratio ${ratio.toFixed(2)} (target at most ${TARGET}) ${ratio <= TARGET ? 'ok' : 'TOO SLOW'}`,
  )
  console.log(
    `         with motion correction: ${corrected.toFixed(0)} ms, ${((corrected - whole) / (2 * PAIRS)).toFixed(0)} ms a volume more, ratio ${(corrected / reference).toFixed(1)}`,
  )
  if (ratio > TARGET) process.exitCode = 1
} finally {
  rmSync(root, { recursive: true })
}
