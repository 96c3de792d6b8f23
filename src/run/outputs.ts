import { outputPath } from '../bids/name.ts'
import type { Computation, Modality, OutputName, Role } from '../modalities/modality.ts'

/** The tables and records that every run writes beside its images: their desc and extensions. */
const TABLES = [
  { desc: 'confounds', suffix: 'timeseries', mod: true, extensions: ['.tsv', '.json'] },
  { desc: 'qc', extensions: ['.json'] },
  { desc: 'regions', extensions: ['.tsv', '.json'] },
  { desc: 'protocol', extensions: ['.tsv', '.json'] },
  { desc: 'voxels', extensions: ['.json'] },
] as const

/** Images that every run writes beside its maps. */
export const MASK: OutputName = { mod: true, desc: 'brain', suffix: 'mask' }
export const STATUS: OutputName = { mod: true, desc: 'fitstatus', suffix: 'dseg' }

/** Where the outputs of one run go. */
export interface Placement {
  readonly entities: Readonly<Record<string, string>>
  readonly modality: Modality
}

/** Path of one output, relative to the output dataset. */
export function pathOf(placement: Placement, name: OutputName, extension: string): string {
  const { mod, suffix, ...added } = name
  const datatype = suffix === 'probseg' ? 'anat' : placement.modality.datatype
  return outputPath({
    stem: placement.entities,
    datatype,
    added: { ...(mod ? { mod: placement.modality.suffix } : {}), ...added },
    suffix,
    extension,
  })
}

/** The transforms between the series and the T1w image. */
export const TRANSFORMS = {
  there: { mod: true, from: 'orig', to: 'T1w', mode: 'image', suffix: 'xfm' },
  back: { mod: true, from: 'T1w', to: 'orig', mode: 'image', suffix: 'xfm' },
} as const satisfies Readonly<Record<string, OutputName>>

/** What the run is aligned to. */
export function referenceName(modality: Modality): OutputName {
  return { desc: 'ref', suffix: modality.suffix }
}

/** Path of one of the run's tables. */
export function tablePath(placement: Placement, desc: (typeof TABLES)[number]['desc'], extension: string): string {
  const table = TABLES.find(row => row.desc === desc)
  const named = table && 'suffix' in table
  return pathOf(
    placement,
    { desc, suffix: named ? table.suffix : placement.modality.suffix, ...(named ? { mod: true } : {}) },
    extension,
  )
}

/** Path of the provenance record, which is written last. */
export function recordPath(placement: Placement): string {
  return pathOf(placement, { desc: 'provenance', suffix: placement.modality.suffix }, '.json')
}

/** Tissue roles and the label of their maps. */
const TISSUES = { gm: 'GM', wm: 'WM', csf: 'CSF' } as const

/** The tissue maps that a run writes on its own grid, by role, where the role is filled. */
export function fractionNames(
  roles: readonly string[],
): { readonly role: Role; readonly label: string; readonly name: OutputName }[] {
  return (['gm', 'wm', 'csf'] as const)
    .filter(role => roles.includes(role))
    .map(role => ({ role, label: TISSUES[role], name: { mod: true, label: TISSUES[role], suffix: 'probseg' } }))
}

/** Every file that a run writes, the record last; `isInT1w`: maps are wanted there too. */
export function allOutputs(
  placement: Placement,
  { outputs, tables = [] }: Pick<Computation, 'outputs' | 'tables'>,
  roles: readonly string[],
  isInT1w = false,
): string[] {
  const spaces = [...outputs, STATUS, MASK]
  const images = [
    ...spaces,
    ...(isInT1w && roles.includes('gm') ? spaces.map(name => ({ ...name, space: 'T1w' })) : []),
    referenceName(placement.modality),
    ...fractionNames(roles).map(({ name }) => name),
  ]
  return [
    ...images.flatMap(name => ['.nii.gz', '.json'].map(extension => pathOf(placement, name, extension))),
    ...(roles.includes('gm') ? Object.values(TRANSFORMS).map(name => pathOf(placement, name, '.txt')) : []),
    pathOf(placement, STATUS, '.tsv'),
    // The names of the labels of a segmentation.
    ...outputs.filter(({ suffix }) => suffix === 'dseg').map(name => pathOf(placement, name, '.tsv')),
    ...tables.flatMap(name => ['.tsv', '.json'].map(extension => pathOf(placement, name, extension))),
    ...TABLES.flatMap(table => table.extensions.map(extension => tablePath(placement, table.desc, extension))),
    recordPath(placement),
  ]
}
