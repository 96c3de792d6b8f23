/**
 * Rigid registration of series of a moving head, beside elastix (the `elastix` command) on the same volumes in the same run:
 * series of one contrast beside its mean squares, a bolus beside its mutual information. Each must be as accurate (a
 * bolus within 1.3 times) and at least eight times as fast. Exits with 1 where a target is missed; without elastix only the
 * errors are judged.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brainMask } from '../src/image/mask.ts'
import { type Metric, register, searchOf } from '../src/image/registration.ts'
import { fixedImage } from '../src/image/registration-fixed.ts'
import { type Rigid, STILL } from '../src/image/rigid.ts'
import { parseTransform } from '../src/image/rigid-text.ts'
import { voxelSize } from '../src/image/volume.ts'
import { blankHeader, encodeImage } from '../src/nifti/index.ts'
import { errorsOf, type MovingHead, movingHead, SERIES_GRID } from '../test/image/moving-head.ts'

const FRAMES = 24
const FASTER = 8
const CASES = [
  { name: 'plain', motion: 1, noise: 0.02, contrast: 'asl', metric: 'robust', within: 0.05, beside: 1 },
  { name: 'motion × 3', motion: 3, noise: 0.02, contrast: 'asl', metric: 'robust', within: 0.05, beside: 1 },
  { name: 'noise 8 %', motion: 1, noise: 0.08, contrast: 'asl', metric: 'robust', within: 0.13, beside: 1 },
  { name: 'bolus', motion: 1, noise: 0.02, contrast: 'bolus', metric: 'information', within: 0.2, beside: 1.3 },
] as const

interface Found {
  readonly motions: readonly Rigid[]
  /** CPU time of one volume [s]. */
  readonly seconds: number
}

function ours({ grid, frames }: MovingHead, mask: Uint8Array, metric: Metric): Found {
  const start = process.cpuUsage()
  const fixed = fixedImage(frames[0]!, grid, mask)
  if (!fixed) throw new Error('the mask of the bench is empty')
  const search = searchOf(fixed, metric)
  const motions: Rigid[] = [STILL]
  for (const values of frames.slice(1)) motions.push(register(search, values, grid, motions.at(-1)))
  const { user, system } = process.cpuUsage(start)
  return { motions, seconds: (user + system) / 1e6 / (frames.length - 1) }
}

function parameterFile(metric: string): string {
  return [
    '(FixedImageDimension 3)',
    '(MovingImageDimension 3)',
    '(FixedInternalImagePixelType "float")',
    '(MovingInternalImagePixelType "float")',
    '(Registration "MultiResolutionRegistration")',
    '(FixedImagePyramid "FixedSmoothingImagePyramid")',
    '(MovingImagePyramid "MovingSmoothingImagePyramid")',
    '(Interpolator "LinearInterpolator")',
    '(ResampleInterpolator "FinalBSplineInterpolator")',
    '(Resampler "DefaultResampler")',
    '(Optimizer "AdaptiveStochasticGradientDescent")',
    '(Transform "EulerTransform")',
    `(Metric "${metric}")`,
    '(AutomaticScalesEstimation "true")',
    '(AutomaticTransformInitialization "false")',
    '(HowToCombineTransforms "Compose")',
    '(NumberOfHistogramBins 32)',
    '(NumberOfResolutions 3)',
    '(MaximumNumberOfIterations 256)',
    '(ImageSampler "RandomCoordinate")',
    '(NumberOfSpatialSamples 2048)',
    '(NewSamplesEveryIteration "true")',
    '(WriteResultImage "false")',
    '(ErodeMask "false")',
    '',
  ].join('\n')
}

function elastix({ grid, frames }: MovingHead, mask: Uint8Array, metric: string): Found {
  const folder = mkdtempSync(join(tmpdir(), 'perfquant-bench-'))
  try {
    const image = (name: string, data: Float32Array | Uint8Array) => {
      const bytes = encodeImage({ header: blankHeader(grid), shape: grid.shape, frames: 1, data, description: 'bench' })
      writeFileSync(join(folder, `${name}.nii.gz`), bytes)
    }
    image('mask', mask)
    for (const [at, values] of frames.entries()) image(`v${at}`, values)
    writeFileSync(join(folder, 'p.txt'), parameterFile(metric))
    const motions: Rigid[] = [STILL]
    let seconds = 0
    for (let at = 1; at < frames.length; at++) {
      mkdirSync(join(folder, `o${at}`))
      const command = `elastix -threads 1 -f v0.nii.gz -fMask mask.nii.gz -m v${at}.nii.gz -p p.txt -out o${at} >/dev/null; times`
      const { stdout } = spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' })
      seconds += [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].reduce(
        (sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest),
        0,
      )
      motions.push(readElastix(readFileSync(join(folder, `o${at}`, 'TransformParameters.0.txt'), 'utf8')))
    }
    return { motions, seconds: seconds / (frames.length - 1) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readElastix(text: string): Rigid {
  const of = (key: string) => new RegExp(`\\(${key} ([^)]*)\\)`).exec(text)?.[1] ?? ''
  const itk = `#Insight Transform File V1.0\nTransform: Euler3DTransform_double_3_3\nParameters: ${of('TransformParameters')}\nFixedParameters: ${of('CenterOfRotationPoint')} 0\n`
  const read = parseTransform(itk, 'elastix')
  if (!read.ok) throw new Error(read.problems[0]?.message)
  return read.value
}

const hasElastix = spawnSync('elastix', ['--version']).status === 0
if (!hasElastix) console.log('  elastix is not installed: only our own errors are judged')
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / (values.length - 1)
const told = ({ errors, seconds }: { errors: readonly number[]; seconds: number }) =>
  `${mean(errors).toFixed(3)} mm, worst ${Math.max(...errors).toFixed(2)}, ${(1000 * seconds).toFixed(0)} ms a volume`
for (const { name, motion, noise, contrast, metric, within, beside } of CASES) {
  const head = movingHead({ grid: SERIES_GRID, frames: FRAMES, motion, noise, contrast, seed: `bench ${name}` })
  const mask = brainMask(head.frames[0]!, head.grid.shape, voxelSize(head.grid))
  const own = ours(head, mask, metric)
  const errors = errorsOf(head, own.motions)
  const moves = errorsOf(
    head,
    head.frames.map(() => STILL),
  )
  let missed = mean(errors) > within || Math.max(...errors) > 0.6
  let line = `  ${name.padEnd(10)} moved ${mean(moves).toFixed(1)} mm, most ${Math.max(...moves).toFixed(1)}: ${told({ errors, seconds: own.seconds })} (target ${within})`
  if (hasElastix) {
    const other = elastix(
      head,
      mask,
      metric === 'information' ? 'AdvancedMattesMutualInformation' : 'AdvancedMeanSquares',
    )
    const theirs = errorsOf(head, other.motions)
    missed ||= mean(errors) > beside * mean(theirs) || other.seconds < FASTER * own.seconds
    line += `; elastix ${told({ errors: theirs, seconds: other.seconds })}; ${(other.seconds / own.seconds).toFixed(1)} × as fast`
  }
  console.log(`${line} ${missed ? 'MISSED' : 'ok'}`)
  if (missed) process.exitCode = 1
}
