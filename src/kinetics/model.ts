import type { Unit } from '../units.ts'
import type { Inlet } from './inlet.ts'

/** A quantity that a model gives, as the OSIPI lexicon (CAPLEX) names it. */
export interface Quantity {
  /** Its name in files and tables: `Ktrans`, `ve`, `mtt`. */
  readonly name: string
  readonly title: string
  /** Identifier in the OSIPI lexicon; null where it has none. */
  readonly lexicon: string | null
  /** House unit: rates, flows and transfer constants in 1/s (mL of plasma a second and mL of tissue), times in s, fractions in 1. */
  readonly unit: Unit
}

/** A parameter that a fit varies. */
export interface FreeParameter extends Quantity {
  readonly lower: number
  readonly upper: number
}

/** A quantity that follows from the free parameters. */
export interface DerivedQuantity extends Quantity {
  /**
   * Its value.
   *
   * @param p - the free parameters, in the model's order
   * @param gradient - receives its derivatives by them, for the propagation of errors
   */
  readonly of: (p: Float64Array, gradient: Float64Array) => number
}

/** A model on given inlets, ready to be evaluated; owns its working memory. */
export interface BoundModel {
  /**
   * Concentration in tissue [mM] and its derivatives by the free parameters.
   *
   * @param p - free parameters, shape (nParameter)
   * @param curve - receives the concentration [mM], shape (nFrame)
   * @param jacobian - receives the derivatives, one row a parameter, shape (nParameter × nFrame); null where not wanted
   */
  readonly evaluate: (p: Float64Array, curve: Float64Array, jacobian: Float64Array | null) => void
}

/** The linear least-squares form of a model on given inlets; owns its working memory. */
export interface LinearForm {
  /**
   * Estimate the free parameters; they may lie beyond their bounds.
   *
   * @param y - concentration in tissue [mM], shape (nFrame)
   * @param p - receives the free parameters, shape (nParameter)
   * @returns false where the equations are singular or have no physical solution
   */
  readonly solve: (y: Float64Array, p: Float64Array) => boolean
  /**
   * Covariance of the free parameters of the last {@link solve}, by the residuals of the linear equations.
   *
   * @param covariance - receives it, shape (nParameter × nParameter)
   * @returns the sum of squared residuals of the linear equations [mM²]
   */
  readonly errors: (covariance: Float64Array) => number
}

/**
 * A kinetic model: how tissue answers to the plasma concentration of its inlet. One file a model; the list is in
 * `models.ts`; `docs/adding-a-model.md` says how one is added.
 */
export interface KineticModel {
  /** Its name in file names and options. */
  readonly name: string
  readonly title: string
  /** Identifier in the OSIPI lexicon; null where it has none. */
  readonly lexicon: string | null
  /** DOI of the paper to cite. */
  readonly reference: string
  /** The equation, in plain text. */
  readonly equation: string
  /** Whether it follows the first pass of the bolus, and so tells flow and transit times. */
  readonly hasFlow: boolean
  /** Number of inlets: 1 an artery; 2 an artery and a portal vein. */
  readonly inlets: 1 | 2
  /** What a fit varies, in order. */
  readonly parameters: readonly FreeParameter[]
  /** What follows from that. */
  readonly derived: readonly DerivedQuantity[]
  /** Where a fit starts when the linear form gives nothing, each in the order of the parameters. */
  readonly starts: readonly (readonly number[])[]
  /** Quantities that lose their meaning where a free parameter is at its lower bound: parameter → quantities. */
  readonly vanishing: Readonly<Record<string, readonly string[]>>
  /** Whether the model is linear in its parameters: then its linear form is its least-squares fit. */
  readonly isLinear: boolean
  bind(inlets: readonly Inlet[]): BoundModel
  /** The linear least-squares form; null where there is none. */
  readonly linear: ((inlets: readonly Inlet[], bounds: Bounds) => LinearForm) | null
}

/** Lower and upper bounds of the free parameters, shape (nParameter) each. */
export interface Bounds {
  readonly lower: Float64Array
  readonly upper: Float64Array
}
