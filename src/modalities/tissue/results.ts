import { frameValues, voxelSize } from '../../image/volume.ts'
import { mean, standardDeviation } from '../../numerics/statistics.ts'
import { type Problem, problem } from '../../problems.ts'
import type { Fact, Figure, QualityValue } from '../../report/record.ts'
import { baseName, digits, fieldFrom } from '../fields.ts'
import type { FigureOf, MapOutput, OutputName, Prepared, Run } from '../modality.ts'
import { TISSUES } from './prepare.ts'
import { cite } from './references.ts'

/** Words for each tissue: label in names, and in sentences. */
const WORDS = {
  gm: { label: 'GM', word: 'grey matter' },
  wm: { label: 'WM', word: 'white matter' },
  csf: { label: 'CSF', word: 'cerebrospinal fluid' },
} as const

/** Volumes between which a brain with its fluid lies, from a small child to a large adult [mL]. */
const VOLUME = [700, 2200] as const

/** Least distance between grey and white matter, in standard deviations of grey matter [1]. */
const CONTRAST = 1.5

/** Share from which a voxel counts as pure [1]. */
const PURE = 0.9

/** The name of a tissue map. */
export function fractionName(tissue: (typeof TISSUES)[number]): OutputName {
  return { label: WORDS[tissue].label, suffix: 'probseg' }
}

/** The name of the brain mask that other programs look for. */
const BRAIN: OutputName = { desc: 'brain', suffix: 'mask' }

/** The images that a run will write, in order. */
export function outputNames(): OutputName[] {
  return [...TISSUES.map(fractionName), BRAIN]
}

/** The images of a run, in the order of {@link outputNames}. */
export function mapsOf({ series, mask }: Prepared): MapOutput[] {
  const sidecar = {
    EstimationAlgorithm:
      'Deformable surface; mixture of Gaussians with voxels of two tissues, polynomial bias field and Markov random field',
  }
  const maps = TISSUES.map((tissue, at): MapOutput => {
    const volume = series[at]!
    return {
      name: fractionName(tissue),
      kind: 'map',
      values: Float32Array.from(frameValues(volume, 0)),
      unit: '1',
      template: `tissue-${tissue}`,
      sidecar,
      window: [0, 1],
    }
  })
  return [
    ...maps,
    { name: BRAIN, kind: 'mask', values: mask, unit: '1', template: 'tissue-brain', sidecar: { Type: 'Brain' } },
  ]
}

/** What is known of the acquisition. */
export function factsOf({ series }: Run): Fact[] {
  const [source] = series
  if (!source) return []
  const fact = (name: string, label: string, unit: Fact['unit']): Fact => {
    const value = source.sidecar.values[name]
    const known = typeof value === 'number' || typeof value === 'string'
    return { name, label, value: known ? value : null, unit, from: fieldFrom(source, name) }
  }
  const size = source.header ? voxelSize(source.header.grid).map(edge => Number(digits(edge))) : null
  return [
    { name: 'VoxelSize', label: 'Voxel size', value: size, unit: 'mm', from: 'NIfTI header' },
    fact('Manufacturer', 'Manufacturer', '1'),
    fact('MagneticFieldStrength', 'Field strength', 'T'),
    fact('RepetitionTime', 'Repetition time', 's'),
    fact('EchoTime', 'Echo time', 's'),
    fact('InversionTime', 'Inversion time', 's'),
    fact('FlipAngle', 'Flip angle', 'deg'),
  ]
}

/** Volumes [mL] and contrast [1] of a run. */
interface Measured {
  readonly brain: number
  readonly gm: number
  readonly wm: number
  readonly csf: number
  /** Distance between grey and white matter over the standard deviation of grey matter; NaN where there is no pure one. */
  readonly contrast: number
}

/** Volumes of the tissues and how well they stand apart. */
export function measure({ series, mask, reference }: Prepared): Measured {
  const millilitres = voxelSize(reference.grid).reduce((product, edge) => product * edge, 1) / 1000
  const volume = (values: ArrayLike<number>) => {
    let sum = 0
    for (let v = 0; v < values.length; v++) sum += values[v]!
    return millilitres * sum
  }
  const shares = series.map(map => frameValues(map, 0))
  const pure = (at: number) => reference.values.filter((_, v) => shares[at]![v]! > PURE)
  const [grey, white] = [pure(0), pure(1)]
  const contrast =
    grey.length > 1 && white.length > 0 ? (mean(white) - mean(grey)) / standardDeviation(grey) : Number.NaN
  return { brain: volume(mask), gm: volume(shares[0]!), wm: volume(shares[1]!), csf: volume(shares[2]!), contrast }
}

/** Quality figures. */
export function qualityOf({ brain, contrast, ...volumes }: Measured): QualityValue[] {
  const rows = TISSUES.map(
    (tissue): QualityValue => ({
      name: `volume_${WORDS[tissue].label}`,
      label: `Volume of ${WORDS[tissue].word}`,
      value: volumes[tissue],
      unit: 'mL',
      says: 'The sum of the shares over all voxels.',
    }),
  )
  return [
    {
      name: 'volume_brain',
      label: 'Volume of the brain and its fluid',
      value: brain,
      unit: 'mL',
      says: 'Of the mask.',
      expected: VOLUME,
    },
    ...rows,
    {
      name: 'contrast',
      label: 'Contrast of grey and white matter',
      value: Number.isFinite(contrast) ? contrast : null,
      unit: '1',
      says: 'Difference of their signals over the standard deviation of grey matter.',
    },
  ]
}

/** What a reader should know before using the maps. */
export function problemsOf(path: string, { brain, contrast }: Measured): Problem[] {
  const problems: Problem[] = []
  if (brain < VOLUME[0] || brain > VOLUME[1])
    problems.push(
      problem(
        'MASK_IMPLAUSIBLE',
        `${baseName(path)}: the brain was found with ${Math.round(brain)} mL, and ${VOLUME.join(' to ')} mL are plausible; look at the mask, and give tissue maps with -d where it is wrong.`,
        { file: path },
      ),
    )
  if (!(contrast >= CONTRAST))
    problems.push(
      problem(
        'TISSUE_CONTRAST',
        `${baseName(path)}: grey and white matter differ by ${digits(contrast)} standard deviations, and ${CONTRAST} are needed to tell them apart; look at the maps before using them.`,
        { file: path },
      ),
    )
  return problems
}

/** What was done, in sentences. */
export function paragraphsOf(): string[] {
  return [
    `The brain was found in the T1-weighted image by a surface that grows from its inside ${cite('smith2002')}. Shares of grey matter, white matter and cerebrospinal fluid were estimated with a mixture of Gaussians that includes voxels of two tissues ${cite('santago1995')}, a polynomial field for the sensitivity of the coil ${cite('vanleemput1999')} and a Markov random field.`,
  ]
}

/** The figures of a run, as data. */
export function figuresOf(): FigureOf<Figure>[] {
  const figure = (id: string, title: string, caption: string, image: OutputName): FigureOf<Figure> => ({
    kind: 'mosaic',
    id,
    title,
    caption,
    image,
    window: id === 'brain' ? 'auto' : [0, 1],
    colours: 'grey',
    unit: id === 'brain' ? 'a.u.' : '1',
  })
  return [
    figure(
      'brain',
      'Brain in the T1-weighted image',
      'No eyes, scalp or neck should be left, and no cortex should be missing; brightness should not drift over the image.',
      { desc: 'ref', suffix: 'T1w' },
    ),
    figure('GM', 'Share of grey matter', 'A closed ribbon of cortex, and the deep nuclei.', fractionName('gm')),
    figure('WM', 'Share of white matter', 'One connected tree without cortex in it.', fractionName('wm')),
  ]
}
