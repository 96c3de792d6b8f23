import { template } from '../bids/templates.ts'
import type { MapOutput, Modality, Result, Run } from '../modalities/modality.ts'
import type { Parameter } from '../report/record.ts'

/** What the meaning of each status of a voxel is; the same for every technique. */
export const STATUS_LABELS: Readonly<Record<number, string>> = {
  0: 'outside',
  1: 'good',
  2: 'at_bound',
  3: 'not_converged',
  4: 'no_signal',
  5: 'undefined',
  6: 'leakage_not_identifiable',
}

/** Number of voxels with each status, by name; absent ones left out. */
export function countStatus(status: Uint8Array): Record<string, number> {
  const counts = new Uint32Array(256)
  for (let voxel = 0; voxel < status.length; voxel++) counts[status[voxel]!]!++
  return Object.fromEntries(
    Array.from(counts, (n, code): [string, number] => [STATUS_LABELS[code] ?? String(code), n]).filter(
      ([, n]) => n > 0,
    ),
  )
}

/** The parameters as the sidecar stores them: by name, each with value, unit and where it came from. */
function parameterTable(parameters: readonly Parameter[]): Record<string, unknown> {
  return Object.fromEntries(
    parameters.map(({ name, value, unit, source, defaultSource, from }) => [
      name,
      {
        Value: value,
        Units: unit,
        Source: source,
        ...(from ? { From: from } : {}),
        ...(defaultSource ? { DefaultSource: defaultSource } : {}),
      },
    ]),
  )
}

/** What all sidecars of a run say. */
export interface SidecarContext {
  readonly modality: Modality
  readonly run: Run
  readonly version: string
  /** BIDS URIs of all that the images were made from. */
  readonly sources: readonly string[]
}

/** The sidecar of a parametric map: what it is, in which unit, by which method, with which numbers. */
export function mapSidecar(map: MapOutput, result: Result, context: SidecarContext): Record<string, unknown> {
  const { Units, ...words } = template(`maps/${map.template}.json`)
  if (Units !== undefined && Units !== map.unit)
    throw new Error(`bids_templates/maps/${map.template}.json says ${String(Units)}, the map is in ${map.unit}`)
  const stage = context.modality.stage
  return {
    ...words,
    Units: map.unit,
    ...(map.kind === 'mask' ? { Type: 'ROI' } : map.kind === 'dseg' ? {} : { SkullStripped: true }),
    Sources: context.sources,
    ...(map.kind === 'map' || map.kind === 'series'
      ? {
          QuantificationParameters: parameterTable(result.parameters),
          VoxelStatus: countStatus(map.status ?? result.status),
          ...(stage ? { TechnicalEfficacyStage: stage.stage } : {}),
        }
      : {}),
    ...map.sidecar,
    SoftwareVersion: `perfquant ${context.version}`,
  }
}

/** The sidecar of the reference image: the raw fields of the series, which BIDS asks of anything with its suffix. */
export function referenceSidecar(context: SidecarContext, stripped = false): Record<string, unknown> {
  const [series] = context.run.series
  const fields = Object.entries(series?.sidecar.values ?? {}).map(([name, value]) => [
    name,
    Array.isArray(value) && value.length > 1 && value.length === series?.header?.frames ? mostFrequent(value) : value,
  ])
  return {
    ...Object.fromEntries(fields),
    Description: 'The image that everything of this run is aligned to',
    SkullStripped: stripped,
    Sources: context.run.series.map(({ uri }) => uri),
    SoftwareVersion: `perfquant ${context.version}`,
  }
}

/** What an array of one value a volume says of one volume: the value that most of them have, of several the first. */
function mostFrequent(values: readonly unknown[]): unknown {
  const counts = new Map<unknown, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return values.find(value => counts.get(value) === most)
}

/** The sidecar of the brain mask. */
export function maskSidecar(context: SidecarContext, given: string | null): Record<string, unknown> {
  return {
    Type: 'Brain',
    Description: given
      ? 'The mask that was given, on the grid of the series'
      : 'Voxels in which parameters were estimated, found in the reference image',
    Sources: given ? [given] : context.sources,
    SoftwareVersion: `perfquant ${context.version}`,
  }
}

/** The sidecar of the voxel status. */
export function statusSidecar(context: SidecarContext, status: Uint8Array): Record<string, unknown> {
  return {
    Description: 'What became of the estimate in each voxel; the names of the values are in the table beside it',
    VoxelStatus: countStatus(status),
    Sources: context.sources,
    SoftwareVersion: `perfquant ${context.version}`,
  }
}
