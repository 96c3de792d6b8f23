import { frameValues, type Volume } from '../image/volume.ts'
import type { Role, Source } from '../modalities/modality.ts'

/** The tissues that labels of FreeSurfer can be told apart into. */
type Tissue = Extract<Role, 'gm' | 'wm' | 'csf'>

/** From the first label to the last, both included. */
type Span = readonly [number, number]

/**
 * Labels of FreeSurfer's table (`FreeSurferColorLUT`) by tissue: aseg, aparc, aparc.a2009s and wmparc.
 *
 * Brain stem and ventral diencephalon count as white matter, as nearly all of them is; the choroid plexus as fluid, for it lies in the ventricles.
 */
const LABELS: Readonly<Record<Tissue, readonly Span[]>> = {
  gm: [
    // Cortex, cerebellar cortex, thalamus, caudate, putamen, pallidum, hippocampus, amygdala, accumbens.
    ...spans(3, 8, [9, 13], 17, 18, 19, 20, 26, 42, [47, 56], 58),
    ...spans([1000, 1035], [2000, 2035], [11100, 11175], [12100, 12175]),
  ],
  wm: [
    // Cerebrum, cerebellum, brain stem, ventral diencephalon, hypointensities, chiasm, corpus callosum.
    ...spans(2, 7, 16, 28, 41, 46, 60, [77, 79], 85, [250, 255]),
    ...spans([3000, 3035], [4000, 4035], 5001, 5002),
  ],
  // Ventricles, fluid outside the brain, choroid plexus.
  csf: spans(4, 5, 14, 15, 24, 31, 43, 44, 63, 72, 221),
}

function spans(...labels: readonly (number | Span)[]): Span[] {
  return labels.map(label => (typeof label === 'number' ? [label, label] : label))
}

/** Whether a source is a segmentation that stands in for a map of tissue. */
export function isLabelled(role: Role, { name }: Source): role is Tissue {
  return Object.hasOwn(LABELS, role) && name.suffix === 'dseg'
}

/**
 * The voxels of a tissue in a segmentation by FreeSurfer: 1 where the label is one of its, else 0.
 *
 * @param volume - the labels, one volume
 * @param tissue - which tissue
 */
export function tissueOfLabels(volume: Volume, tissue: Tissue): Volume {
  const labels = frameValues(volume, 0)
  const known = new Set(
    LABELS[tissue].flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at)),
  )
  const data = Uint8Array.from(labels, label => (known.has(Math.round(label)) ? 1 : 0))
  return { ...volume, frames: 1, data, slope: 1, intercept: 0 }
}
