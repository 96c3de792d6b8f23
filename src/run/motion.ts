import { basename } from 'node:path'
import type { Table } from '../bids/tsv.ts'
import type { ImageHeader } from '../image/header.ts'
import {
  type Corrected,
  correctMotion,
  type Motion,
  type MotionPlan,
  motionOf,
  TINY,
  temporalSnr,
} from '../image/motion.ts'
import { framewiseDisplacement, parametersOf, STILL, turnedBack } from '../image/rigid.ts'
import type { Volume } from '../image/volume.ts'
import { type Computation, DIRECTION_COLUMNS, type Prepared, type Result } from '../modalities/modality.ts'
import { median } from '../numerics/statistics.ts'
import type { Options } from '../options.ts'
import { type Problem, problem } from '../problems.ts'
import type { LinesFigure, QualityValue } from '../report/record.ts'

/** Framewise displacement above which a volume is flagged: common practice [mm]. */
const FLAGGED = 0.5

/** Distance from the reference at which a reader is warned: about a voxel [mm]. */
const FAR = 3

/** What became of the motion of a run's series. */
export interface Settled {
  readonly series: readonly Volume[]
  /** Null where it was not looked for, or could not be. */
  readonly found: Found | null
  /** Why nothing was corrected; null where it was. */
  readonly reason: string | null
}

/** The motion that was found, and what correcting it did. */
export interface Found {
  readonly plan: MotionPlan
  readonly motion: Motion
  readonly unseen: Corrected['unseen']
  /** Temporal SNR of the first series as it was, shape (nVoxel); null where there are too few volumes. */
  readonly before: Float32Array | null
  /** Translations [mm] and angles [rad] of each volume of the first series, shape (nVolume × 6). */
  readonly parameters: readonly (readonly number[])[]
  /** [mm], shape (nVolume) */
  readonly framewise: readonly number[]
}

/** Whether an image may be corrected for motion: as float32 it then is at once as the corrected series will be. */
export function mayMove(header: ImageHeader, options: Options): boolean {
  return options['motion-correction'] !== 'off' && header.frames > 1
}

/**
 * Find and take out the motion of the series, as the computation plans it. Takes the series over, see {@link correctMotion}.
 *
 * @param computation - its plan, or why there is none
 * @param series - the series as they were read
 * @param options - whether it is wanted
 */
export function settleMotion(computation: Computation, series: readonly Volume[], options: Options): Settled {
  const plan = computation.motion
  const [before] = series
  if (options['motion-correction'] === 'off') return { series, found: null, reason: 'it was not asked for' }
  if (!plan || 'not' in plan || !before) return { series, found: null, reason: plan && 'not' in plan ? plan.not : null }
  const motion = motionOf(series, plan)
  if (!motion) return { series, found: null, reason: 'no head was found to register by' }
  const then = temporalSnr(before, plan.reference)
  const corrected = correctMotion(series, motion)
  const parameters = motion.motions[0]!.map(each => parametersOf(each, motion.centre))
  const framewise = framewiseDisplacement(parameters)
  const { unseen } = corrected
  return {
    series: corrected.series,
    found: { plan, motion, unseen, before: then, parameters, framewise },
    reason: null,
  }
}

/** The confounds with the motion in place of what was not known. */
export function withMotion(prepared: Prepared, { found }: Settled): Prepared {
  if (!found) return prepared
  const { parameters, framewise, unseen, motion } = found
  const columns = ['trans_x', 'trans_y', 'trans_z', 'rot_x', 'rot_y', 'rot_z']
  const values = parameters.map((row, at) => [...row, framewise[at]!].map(value => number(value)))
  const { confounds } = prepared
  const { affine } = prepared.reference.grid
  const rows = confounds.rows.map((row, at) => {
    const direction = DIRECTION_COLUMNS.map(column => Number(row[confounds.columns.indexOf(column)] ?? 0))
    const turned = turnedBack(direction as [number, number, number], motion.motions[0]![at] ?? STILL, affine)
    const told = [...(values[at] ?? []), ...turned.map(value => number(value))]
    return confounds.columns.map((column, c) => {
      const known = [...columns, 'framewise_displacement', ...DIRECTION_COLUMNS].indexOf(column)
      return known < 0 ? (row[c] ?? 'n/a') : (told[known] ?? 'n/a')
    })
  })
  const flags = confounds.rows.map((_, at) => ((framewise[at] ?? 0) > FLAGGED ? '1' : '0'))
  const moved = confounds.rows.map((_, at) => (motion.isMoved[0]![at] ? '1' : '0'))
  const table: Table = {
    columns: [...confounds.columns, 'motion_outlier', 'resampled'],
    rows: rows.map((row, at) => [...row, flags[at]!, moved[at]!]),
  }
  return {
    ...prepared,
    confounds: table,
    mask: prepared.mask.map((value, v) => (unseen[v] === 1 ? 0 : value)),
  }
}

function number(value: number): string {
  return String(Number(value.toFixed(6)) + 0)
}

/**
 * What a reader should know of the motion: what could not be corrected, what was large, what left the field of view.
 *
 * @param settled - of {@link settleMotion}
 * @param prepared - with the mask before voxels were taken out of it
 * @param image - path of the series
 */
export function motionProblems({ found, reason }: Settled, prepared: Prepared, image: string): Problem[] {
  const name = basename(image)
  const where = { file: image }
  if (!found)
    return reason === null
      ? []
      : [problem('MOTION_NOT_CORRECTED', `${name}: head motion was not corrected, for ${reason}.`, where)]
  const { motion, unseen } = found
  const distances = motion.displacements.flat()
  const farthest = Math.max(...distances)
  const lost = prepared.mask.reduce((sum, value, v) => sum + (value === 1 && unseen[v] === 1 ? 1 : 0), 0)
  const problems: Problem[] = []
  if (farthest > FAR)
    problems.push(
      problem(
        'MOTION_LARGE',
        `${name}: the head was up to ${farthest.toFixed(1)} mm from where the reference has it; the volumes were brought together, but what motion did to the signal within a volume stays: look at the curves.`,
        where,
      ),
    )
  if (lost > 0)
    problems.push(
      problem(
        'MOTION_UNSEEN',
        `${name}: ${lost} voxels of the mask (${((100 * lost) / prepared.mask.reduce((sum, value) => sum + value, 0)).toFixed(1)} %) left the field of view at times and have no estimate.`,
        where,
      ),
    )
  return problems
}

/** The result with what the motion was: quality figures, curves and a paragraph. */
export function reportMotion(result: Result, settled: Settled, prepared: Prepared): Result {
  const { found, reason } = settled
  if (!found)
    return reason === null
      ? result
      : { ...result, paragraphs: [...result.paragraphs, `Head motion was not corrected, for ${reason}.`] }
  return {
    ...result,
    quality: [...result.quality, ...qualityOf(found, settled.series[0]!, prepared.mask)],
    figures: [...result.figures, ...figuresOf(found)],
    paragraphs: [...result.paragraphs, paragraphOf(found)],
    references: { ...result.references, ...REFERENCES },
  }
}

const REFERENCES: Readonly<Record<string, string>> = {
  power2012:
    'Power JD, Barnes KA, Snyder AZ, Schlaggar BL, Petersen SE. Spurious but systematic correlations in functional connectivity MRI networks arise from subject motion. NeuroImage 59:2142-2154 (2012). doi:10.1016/j.neuroimage.2011.10.018',
  mattes2003:
    'Mattes D, Haynor DR, Vesselle H, Lewellen TK, Eubank W. PET-CT image registration in the chest using free-form deformations. IEEE Trans Med Imaging 22:120-128 (2003). doi:10.1109/TMI.2003.809072',
}

function paragraphOf({ plan, motion }: Found): string {
  const used = new Set(plan.metrics.flat())
  const by = [
    ...(used.has('robust') ? ['robust least squares'] : []),
    ...(used.has('information') ? ['mutual information [@mattes2003]'] : []),
  ].join(' for volumes of its contrast and by ')
  const moved = motion.isMoved.flat()
  const count = moved.filter(Boolean).length
  return `Head motion was corrected: each volume was registered rigidly, by ${by}, to the mean of ${plan.reference.length === 1 ? 'one volume' : `${plan.reference.length} volumes`}${plan.together ? '; all echoes moved as the first' : ''}. ${count} of ${moved.length} volumes had moved by more than can be told from none (${TINY.robust} mm, by mutual information ${TINY.information} mm, root mean square over the brain) and were resampled once, by cubic splines; the others were left as they are. Framewise displacement is that of Power [@power2012].`
}

function qualityOf({ plan, motion, before, framewise }: Found, after: Volume, mask: Uint8Array): QualityValue[] {
  const distances = motion.displacements[0]!
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const isMoved = motion.isMoved[0]!.includes(true)
  const inMask = (ratios: Float32Array | null) => ratios && medianIn(ratios, mask)
  const then = inMask(before)
  return [
    {
      name: 'fd_mean',
      label: 'Framewise displacement, mean',
      value: mean(framewise.slice(1)),
      unit: 'mm',
      expected: [0, 0.2],
      says: 'How far the head moves from volume to volume.',
    },
    {
      name: 'fd_max',
      label: 'Framewise displacement, largest',
      value: Math.max(...framewise),
      unit: 'mm',
      says: 'The largest jump: a volume during which the head moved has signal that no registration repairs.',
    },
    {
      name: 'fd_flagged',
      label: `Volumes with framewise displacement above ${FLAGGED} mm`,
      value: (100 * framewise.filter(value => value > FLAGGED).length) / framewise.length,
      unit: '%',
      says: 'The confounds table names them.',
    },
    {
      name: 'motion_max',
      label: 'Farthest from the reference',
      value: Math.max(...distances),
      unit: 'mm',
      says: 'Root mean square over the brain; beyond a voxel the edges of the field of view are lost.',
    },
    {
      name: 'tsnr_before',
      label: 'Temporal SNR before motion correction',
      value: then,
      unit: '1',
      says: 'Median over the mask, over the volumes that the reference is the mean of.',
    },
    {
      name: 'tsnr_after',
      label: 'Temporal SNR after motion correction',
      value: isMoved ? inMask(temporalSnr(after, plan.reference)) : then,
      unit: '1',
      says: 'Should not be below that before: else the correction did harm, and --motion-correction off is better.',
    },
  ]
}

/** Median of the finite values of an image in a mask; null where there is none. */
function medianIn(values: Float32Array, mask: Uint8Array): number | null {
  const inside = values.filter((value, v) => mask[v] === 1 && Number.isFinite(value))
  return inside.length > 0 ? median(inside) : null
}

function figuresOf({ parameters, framewise }: Found): LinesFigure[] {
  const x = { label: 'Volume', values: framewise.map((_, at) => at + 1) }
  const column = (c: number, factor = 1) => parameters.map(row => row[c]! * factor)
  const degrees = 180 / Math.PI
  return [
    {
      kind: 'lines',
      topic: 'motion',
      id: 'motion-translation',
      title: 'Head translation',
      caption: 'Slow drift is harmless once corrected; jumps and spikes spoil the volumes they fall in.',
      x,
      y: { label: 'mm' },
      series: ['x', 'y', 'z'].map((label, c) => ({ label, values: column(c) })),
    },
    {
      kind: 'lines',
      topic: 'motion',
      id: 'motion-rotation',
      title: 'Head rotation',
      caption: 'A degree moves the rim of the brain by more than a millimetre.',
      x,
      y: { label: 'degrees' },
      series: ['about x', 'about y', 'about z'].map((label, c) => ({ label, values: column(3 + c, degrees) })),
    },
    {
      kind: 'lines',
      topic: 'motion',
      id: 'motion-framewise',
      title: 'Framewise displacement',
      caption: `Volumes above ${FLAGGED} mm are flagged in the confounds table. In step with the passage of a bolus it is contrast taken for motion.`,
      x,
      y: { label: 'mm' },
      series: [{ label: 'framewise displacement', values: framewise }],
      band: { label: 'not flagged', low: 0, high: FLAGGED },
    },
  ]
}
