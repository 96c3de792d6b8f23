import type { BidsName } from '../../bids/name.ts'
import { groupNames, keyOf, sessionOf } from '../contrast-series.ts'
import type { Found, Index, LeftAlone, RoleRequest } from '../modality.ts'
import { findB1 } from '../transmit-field.ts'
import { saysSaturation, TRAIN_FIELDS } from './acquisition.ts'

/** Parts of a complex image that are no signal of their own. */
const NOT_SIGNAL = ['phase', 'imag']

type Suffix = 'VFA' | 'IRT1'

/** The entity in which the images of a set differ. */
const ALONG = { VFA: 'flip', IRT1: 'inv' } as const

/** What a slice finds. */
interface FoundSets {
  readonly runs: readonly Found[]
  readonly left: readonly LeftAlone[]
}

/** Images of one suffix that differ in one entity only, set by set. */
function setsOf(index: Index, suffix: Suffix): BidsName[][] {
  const images = index.images.filter(
    image => image.suffix === suffix && image.datatype === 'anat' && !NOT_SIGNAL.includes(image.entities['part'] ?? ''),
  )
  return groupNames(images, image => keyOf(image, [ALONG[suffix]]))
}

/**
 * The sets of images of one suffix from which T1 can be fitted: images that differ in one entity only.
 *
 * @param index - the dataset
 * @param suffix - `VFA` or `IRT1`
 */
export function findSets(index: Index, suffix: Suffix): FoundSets {
  const left: LeftAlone[] = index.images
    .filter(image => image.suffix === suffix && image.datatype === 'anat')
    .filter(({ entities }) => NOT_SIGNAL.includes(entities['part'] ?? ''))
    .map(image => ({ image, reason: `part-${image.entities['part']} is no signal that T1 is fitted to` }))
  const joint = new Set(jointSets(index).flat())
  const runs: Found[] = []
  for (const images of setsOf(index, suffix)) {
    const isRecovery = suffix === 'IRT1' && !images.every(image => isSaturated(index.sidecar(image)))
    const least = isRecovery ? 3 : 2
    const reason = joint.has(images[0]!)
      ? 'fitted with and without inversion together (DESPOT1-HIFI)'
      : images.length < least
        ? `${images.length} image(s) of a set that T1 needs ${least} of`
        : null
    if (reason) left.push(...images.map(image => ({ image, reason })))
    else runs.push(runOf(index, images, suffix === 'VFA'))
  }
  return { runs, left }
}

/**
 * The sets of spoiled gradient echoes with and without inversion from which T1 and B1 can be fitted together.
 *
 * @param index - the dataset
 */
export function findJoint(index: Index): FoundSets {
  return { runs: jointSets(index).map(images => runOf(index, images, false)), left: [] }
}

/**
 * Variable flip angles and inversion-prepared trains of a session whose sidecars tell the whole cycle. Where B1 was measured
 * it is not fitted.
 */
function jointSets(index: Index): BidsName[][] {
  const trains = setsOf(index, 'IRT1').filter(images => images.every(image => isTrain(index, image)))
  return setsOf(index, 'VFA').flatMap(images => {
    const [train] = trains.filter(([image]) => sessionOf(image!) === sessionOf(images[0]!))
    return train && images.length + train.length >= 3 && findB1(index, images[0]!).length === 0
      ? [[...images, ...train]]
      : []
  })
}

function isSaturated(sidecar: ReturnType<Index['sidecar']>): boolean {
  return sidecar.ok && saysSaturation(sidecar.value)
}

function isTrain(index: Index, image: BidsName): boolean {
  const sidecar = index.sidecar(image)
  return sidecar.ok && TRAIN_FIELDS.every(field => sidecar.value.values[field] !== undefined)
}

function runOf(index: Index, images: readonly BidsName[], usesB1: boolean): Found {
  const optional = (role: RoleRequest['role'], rest: Partial<RoleRequest>): RoleRequest => {
    return { role, required: false, grid: 'reference', how: 'fraction', raw: [], ...rest }
  }
  return {
    series: images,
    roles: [
      // Inversion recovery does not depend on the transmit field; with both it is fitted.
      ...(usesB1 ? [optional('b1', { grid: 'own', how: 'intensity', raw: findB1(index, images[0]!) })] : []),
      optional('gm', {}),
      optional('wm', {}),
      optional('csf', {}),
      optional('dseg', { how: 'label' }),
    ],
    context: {},
    problems: [],
  }
}
