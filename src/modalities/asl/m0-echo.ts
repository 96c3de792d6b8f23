import { BLOOD_T2, REFERENCE_TISSUES, tissueT2Star } from '../../physics/constants.ts'
import { bloodPerReference } from '../../physics/signal.ts'
import type { Parameter } from '../../report/record.ts'
import type { Run } from '../modality.ts'
import type { FieldReader } from './fields.ts'
import { LIMITS } from './limits.ts'
import { fieldStrength } from './settings.ts'

/** What the echo time does to M0: a factor on it, and the numbers behind it. */
export interface EchoEffect {
  readonly factor: number
  readonly parameters: readonly Parameter[]
}

const NONE: EchoEffect = { factor: 1, parameters: [] }

/** The tissue that M0 of blood is taken from. */
export interface BloodReference {
  readonly tissue: keyof typeof REFERENCE_TISSUES
  /** M0 of blood over the recovered signal of the tissue [1]. */
  readonly perSignal: number
  readonly parameters: readonly Parameter[]
}

/** The tissue that M0 of blood is to be taken from; null for each voxel itself. */
export function referenceTissue({ options }: Run): keyof typeof REFERENCE_TISSUES | null {
  const asked = options['asl-m0-reference']
  return asked === 'voxelwise' ? null : asked
}

/**
 * M0 as it would be at the echo time of the series.
 *
 * @remarks
 * With `--asl-te-correction on`, M0 · exp((TE of M0 − TE of the series)/T2*); else a warning where they differ.
 *
 * @param fields - reader that keeps the problem
 * @param echo - echo time of M0 [s]; undefined where it is not stated
 * @param other - that of the series [s]
 * @param run - for its options
 * @param series - reader of the series: it states the field strength
 */
export function echoEffect(
  fields: FieldReader,
  echo: number | undefined,
  other: number | undefined,
  run: Run,
  series: FieldReader,
): EchoEffect {
  if (echo === undefined || other === undefined || Math.abs(echo - other) <= LIMITS.sameEcho) return NONE
  const differs = `is ${inMilliseconds(echo)} ms for M0 and ${inMilliseconds(other)} ms for the series`
  const tesla = fieldStrength(series, 'it chooses T2*; add it in tesla.')
  const T2star = run.options['asl-te-correction'] === 'on' && tesla !== null ? tissueT2Star(tesla) : null
  if (!T2star) {
    const advice =
      run.options['asl-te-correction'] === 'on'
        ? 'there is no T2* for this field strength, so it was not corrected'
        : 'acquire both with one echo time, or give --asl-te-correction on'
    fields.say('M0_ECHO_TIME_DIFFERS', 'EchoTime', `${differs}: T2* decay differs and CBF is off by that; ${advice}.`)
    return NONE
  }
  const factor = Math.exp((echo - other) / T2star.value)
  const shared = { unit: 's', source: 'default', defaultSource: T2star.source } as const
  return {
    factor,
    parameters: [
      {
        name: 'TissueT2Star',
        symbol: 'T2*',
        meaning: 'Effective transverse relaxation time of tissue',
        value: T2star.value,
        ...shared,
      },
      {
        name: 'M0EchoFactor',
        meaning: 'Correction of M0 to the echo time of the series',
        value: factor,
        unit: '1',
        source: 'option',
        from: '--asl-te-correction',
      },
    ],
  }
}

function inMilliseconds(time: number): number {
  return Number((time * 1000).toPrecision(6))
}

/**
 * How M0 of blood follows from the signal of a reference tissue; null, with a problem, where the echo time is not stated.
 *
 * @param fields - reader of the image that holds M0
 * @param tissue - the tissue
 */
export function bloodReference(fields: FieldReader, tissue: keyof typeof REFERENCE_TISSUES): BloodReference | null {
  const echo = fields.numbers(
    'EchoTime',
    `it says how far the signal of the reference tissue had decayed; add it in seconds.`,
  )?.[0]
  if (echo === undefined) return null
  const { T2, partition } = REFERENCE_TISSUES[tissue]
  const name = tissue === 'csf' ? 'fluid' : 'white matter'
  const constant = (
    key: string,
    symbol: string,
    meaning: string,
    { value, unit, source }: typeof T2 | typeof partition,
  ): Parameter => {
    return { name: key, symbol, meaning, value, unit, source: 'default', defaultSource: source }
  }
  return {
    tissue,
    perSignal: bloodPerReference(echo, BLOOD_T2.value, T2.value, partition.value),
    parameters: [
      {
        name: 'M0Reference',
        meaning: `M0 of blood is that of ${name} over its partition coefficient; λ does not enter`,
        value: tissue,
        unit: '1',
        source: 'option',
        from: '--asl-m0-reference',
      },
      constant('ReferencePartitionCoefficient', 'λr', `Water of ${name} over that of blood`, partition),
      constant('ReferenceT2', 'T2r', `Transverse relaxation time of ${name}`, T2),
      {
        name: 'BloodT2',
        symbol: 'T2b',
        meaning: 'Transverse relaxation time of blood',
        value: BLOOD_T2.value,
        unit: 's',
        source: 'default',
        defaultSource: BLOOD_T2.source,
      },
    ],
  }
}
