import { formatTable } from '../bids/tsv.ts'
import { frameValues, voxelCount } from '../image/volume.ts'
import type { MapOutput, OutputName } from '../modalities/modality.ts'
import { encodeImage } from '../nifti/index.ts'
import { fractionNames, MASK, type Placement, pathOf, referenceName, STATUS } from './outputs.ts'
import {
  mapSidecar,
  maskSidecar,
  referenceSidecar,
  type SidecarContext,
  STATUS_LABELS,
  statusSidecar,
} from './sidecars.ts'
import { anatomicalSpace, nativeSpace, type Space } from './spaces.ts'
import type { Finished, Written } from './write.ts'

/** Takes a file of the run. */
export type Add = (path: string, content: string | Uint8Array) => void

/**
 * Write every image of a run with its sidecar: the maps, the status and the mask in each space that is asked for, the
 * reference and the tissue maps on the grid of the series.
 *
 * @param add - takes each file
 * @param placement - where they go
 * @param written - the program, and what it works on
 * @param finished - the run with its result
 */
export function writeImages(add: Add, placement: Placement, written: Written, finished: Finished): void {
  const { modality, work } = written
  const { prepared, placed, result, run, anatomy } = finished
  const { grid, header, values } = prepared.reference
  const roleSources = Object.values(run.roles)
    .flat()
    .filter(source => source !== undefined)
  const context: SidecarContext = {
    modality,
    run,
    version: work.version,
    sources: [...run.series, ...roleSources].map(({ uri }) => uri),
  }
  const native = nativeSpace(grid, header)
  const isInT1w = run.options['output-spaces']?.includes('T1w') === true
  const spaces = [native, ...(anatomy && isInT1w ? [anatomicalSpace(anatomy, grid, run.roles.gm?.[0]?.uri)] : [])]
  const image = (space: Space, own: OutputName, data: Float32Array | Uint8Array, sidecar: object, map?: MapOutput) => {
    const frames = map?.frames ?? 1
    const spacing = run.series[0]?.header?.frameSpacing
    const name = space.named(own)
    add(
      pathOf(placement, name, '.nii.gz'),
      encodeImage({
        header: space.header,
        shape: space.grid.shape,
        frames,
        data,
        description: `perfquant ${work.version} ${map ? `${map.parameter ?? map.name.suffix} ${map.unit}` : name.suffix}`,
        ...(frames > 1 && spacing ? { frameSpacing: spacing } : {}),
        ...(map?.window ? { window: map.window } : {}),
        ...(map?.kind === 'dseg' || name.suffix === 'dseg' ? { intent: 'label' as const } : {}),
      }),
    )
    add(pathOf(placement, name, '.json'), `${JSON.stringify({ ...sidecar, ...space.sidecar }, null, 2)}\n`)
  }
  const fill = run.options.fill === '0' ? 0 : Number.NaN
  for (const space of spaces) {
    const mask = space.labels(prepared.mask)
    for (const map of result.maps)
      image(space, map.name, carried(map, prepared.mask, space, mask, fill), mapSidecar(map, result, context), map)
    image(space, STATUS, space.labels(result.status), statusSidecar(context, result.status))
    image(space, MASK, mask, maskSidecar(context, finished.maskFrom))
  }
  // The names of labels hold in every space.
  for (const map of result.maps) if (map.kind === 'dseg') add(labels(placement, map.name), names(map.labels))
  add(labels(placement, STATUS), names(STATUS_LABELS))
  image(native, referenceName(modality), values, referenceSidecar(context, prepared.reference.stripped))
  for (const { role, label, name } of fractionNames(Object.keys(placed))) {
    const fraction = placed[role]?.[0]
    const from = run.roles[role]?.map(({ uri }) => uri) ?? []
    if (fraction)
      image(native, name, Float32Array.from(frameValues(fraction, 0)), {
        Description: `Fraction of ${label} on the grid of the series`,
        Sources: from,
        SoftwareVersion: `perfquant ${work.version}`,
      })
  }
}

function labels(placement: Placement, name: OutputName): string {
  return pathOf(placement, name, '.tsv')
}

function names(labelled: MapOutput['labels']): string {
  return formatTable(['index', 'name'], Object.entries(labelled ?? STATUS_LABELS))
}

/**
 * A map as it is written: 0 outside the mask; inside, NaN (or the fill value) where there is no estimate; masks and labels as
 * they are.
 */
function carried(
  map: MapOutput,
  own: Uint8Array,
  space: Space,
  mask: Uint8Array,
  fill: number,
): Float32Array | Uint8Array {
  if (map.values instanceof Uint8Array) return space.labels(map.values)
  const n = own.length
  const size = voxelCount(space.grid)
  const frames = map.frames ?? 1
  const out = new Float32Array(size * frames)
  for (let frame = 0; frame < frames; frame++) {
    const here = new Float32Array(n).fill(Number.NaN)
    for (let v = 0; v < n; v++) if (own[v] === 1) here[v] = map.values[frame * n + v]!
    const there = space.values(here)
    for (let v = 0; v < size; v++)
      if (mask[v] === 1) out[frame * size + v] = Number.isFinite(there[v]) ? there[v]! : fill
  }
  return out
}
