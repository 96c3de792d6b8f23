import type { Table } from '../../bids/tsv.ts'
import { bad, type Checked, good, problem } from '../../problems.ts'
import { baseName } from './fields.ts'

/** What a volume of the series can be. */
export const VOLUME_TYPES = ['control', 'label', 'deltam', 'cbf', 'm0scan', 'noRF', 'n/a'] as const

/** One of {@link VOLUME_TYPES}. */
export type VolumeType = (typeof VOLUME_TYPES)[number]

/** A perfusion-weighted image as a weighted sum of volumes of the series: control minus label, or one volume alone. */
export interface Difference {
  /** Indices of the volumes, shape (n). */
  readonly volumes: readonly number[]
  /** What each is multiplied with [1], shape (n). */
  readonly weights: readonly number[]
}

/** Control minus label. */
export function minus(control: number, label: number): Difference {
  return { volumes: [control, label], weights: [1, -1] }
}

/** What the volumes of a series are to the computation; indices from 0. */
export interface Volumes {
  readonly types: readonly VolumeType[]
  /** Whether the perfusion-weighted images are made from pairs, decoded, given as differences, or given as flow. */
  readonly kind: 'pairs' | 'encoded' | 'deltam' | 'cbf'
  readonly differences: readonly Difference[]
  readonly m0: readonly number[]
  readonly control: readonly number[]
}

/** The table of volume types that belongs to an image. */
function contextFile(image: string): string {
  return image.replace(/_part-[a-z]+/, '').replace(/_asl\.nii(\.gz)?$/, '_aslcontext.tsv')
}

/**
 * The types of the volumes, from the aslcontext table.
 *
 * @param table - the table; null where there is none
 * @param image - path of the image, for messages
 * @param frames - number of volumes of the image; null where that is not known
 */
export function readContext(table: Table | null, image: string, frames: number | null): Checked<readonly VolumeType[]> {
  const file = contextFile(image)
  const name = baseName(image)
  const refuse = (sentence: string) =>
    bad(problem('ASLCONTEXT_INVALID', `${baseName(file)}: ${sentence}`, { file, field: 'volume_type' }))
  if (table === null)
    return bad(
      problem(
        'ASLCONTEXT_MISSING',
        `${baseName(file)} is missing: without it the volumes of ${name} cannot be told apart; add it with one row a volume.`,
        { file },
      ),
    )
  const column = table.columns.indexOf('volume_type')
  if (column < 0) return refuse(`there is no column volume_type among ${table.columns.join(', ')}; name it so.`)
  const types: VolumeType[] = []
  for (const [row, cells] of table.rows.entries()) {
    const cell = (cells[column] ?? '').trim()
    const type = VOLUME_TYPES.find(known => known.toLowerCase() === cell.toLowerCase())
    if (type === undefined)
      return refuse(`row ${row + 1} says "${cell}"; volume_type must be one of ${VOLUME_TYPES.join(', ')}.`)
    types.push(type)
  }
  if (frames !== null && types.length !== frames)
    return refuse(`it has ${types.length} rows, ${name} has ${frames} volumes; there must be one row a volume.`)
  return good(types)
}

/**
 * What each volume of the series is used for.
 *
 * @remarks
 * A series with cbf volumes is flow and nothing is quantified; one with deltam volumes is not subtracted again; otherwise
 * the i-th control is paired with the i-th label of the same group, whatever their order in the file.
 *
 * @param types - type of each volume, shape (nVolume)
 * @param image - path of the image, for messages
 * @param group - name of the group (delay and duration) that a volume belongs to
 */
export function assignVolumes(
  types: readonly VolumeType[],
  image: string,
  group: (volume: number) => string = () => '',
): Checked<Volumes> {
  const file = contextFile(image)
  const name = baseName(image)
  const all = (type: VolumeType) => types.flatMap((found, volume) => (found === type ? [volume] : []))
  const shared = { types, m0: all('m0scan'), control: all('control') }
  const alone = (volumes: readonly number[]): Difference[] =>
    volumes.map(volume => ({ volumes: [volume], weights: [1] }))
  const flow = all('cbf')
  if (flow.length > 0) return good({ ...shared, kind: 'cbf', differences: alone(flow) })
  const given = all('deltam')
  if (given.length > 0) return good({ ...shared, kind: 'deltam', differences: alone(given) })
  const labels = all('label')
  if (shared.control.length + labels.length === 0)
    return bad(
      problem(
        'ASLCONTEXT_INVALID',
        `${baseName(file)}: there is no control, label, deltam or cbf among its volume types, hence no perfusion signal in ${name}; correct the table.`,
        { file, field: 'volume_type' },
      ),
    )
  const differences: Difference[] = []
  for (const key of new Set([...shared.control, ...labels].map(group))) {
    const controls = shared.control.filter(volume => group(volume) === key)
    const labelled = labels.filter(volume => group(volume) === key)
    if (controls.length !== labelled.length)
      return bad(
        problem(
          'CONTROL_LABEL_UNEQUAL',
          `${baseName(file)}: ${controls.length} control and ${labelled.length} label volumes${key && ` ${key}`} cannot be paired; mark those without a partner n/a.`,
          { file, field: 'volume_type' },
        ),
      )
    controls.forEach((control, pair) => {
      differences.push(minus(control, labelled[pair]!))
    })
  }
  differences.sort((a, b) => Math.min(...a.volumes) - Math.min(...b.volumes))
  return good({ ...shared, kind: 'pairs', differences })
}
