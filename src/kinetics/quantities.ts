import type { DerivedQuantity, FreeParameter, Quantity } from './model.ts'

/** Seconds in a minute: bounds are known per minute, the models work per second. */
const MINUTE = 60

/** Volume transfer constant from plasma to the extravascular extracellular space. */
export const KTRANS: FreeParameter = {
  name: 'Ktrans',
  title: 'volume transfer constant',
  lexicon: 'Q.PH1.008',
  unit: '1/s',
  lower: 0,
  upper: 5 / MINUTE,
}

/** Volume fraction of the extravascular extracellular space. */
export const VE: FreeParameter = {
  name: 've',
  title: 'volume fraction of the extravascular extracellular space',
  lexicon: 'Q.PH1.001.e',
  unit: '1',
  lower: 1e-3,
  upper: 1,
}

/** Volume fraction of plasma. */
export const VP: FreeParameter = {
  name: 'vp',
  title: 'volume fraction of blood plasma',
  lexicon: 'Q.PH1.001.p',
  unit: '1',
  lower: 0,
  upper: 1,
}

/** Volume fraction of all that the agent reaches. */
export const V: FreeParameter = {
  name: 'v',
  title: 'volume fraction of distribution',
  lexicon: 'Q.PH1.001',
  unit: '1',
  lower: 1e-3,
  upper: 1,
}

/** Blood plasma flow. */
export const FP: FreeParameter = {
  name: 'Fp',
  title: 'blood plasma flow',
  lexicon: 'Q.PH1.002',
  unit: '1/s',
  lower: 1e-4 / MINUTE,
  upper: 20 / MINUTE,
}

/** Permeability–surface area product. */
export const PS: FreeParameter = {
  name: 'PS',
  title: 'permeability–surface area product',
  lexicon: 'Q.PH1.004',
  unit: '1/s',
  lower: 0,
  upper: 5 / MINUTE,
}

/** Delay from the input curve to the tissue. */
export const DELAY: Quantity = { name: 'delay', title: 'arterial delay time', lexicon: 'Q.PH1.007', unit: 's' }

/** What a ratio of two parameters is called. */
type Named = Pick<Quantity, 'name' | 'title' | 'lexicon' | 'unit'>

/**
 * A quantity that is one free parameter over another.
 *
 * @param named - name, title, identifier, unit
 * @param over - index of the numerator
 * @param under - index of the denominator
 */
export function ratio(named: Named, over: number, under: number): DerivedQuantity {
  return {
    ...named,
    of(p, gradient) {
      const value = p[over]! / p[under]!
      gradient.fill(0)
      gradient[over] = 1 / p[under]!
      gradient[under] = -value / p[under]!
      return value
    },
  }
}

/** Rate of return from the extravascular extracellular space to plasma. */
export const KEP: Named = {
  name: 'kep',
  title: 'rate of return from the extravascular extracellular space',
  lexicon: 'Q.PH1.009.e->p',
  unit: '1/s',
}

/** Mean transit time of plasma. */
export const MTT: Named = { name: 'mtt', title: 'mean transit time of plasma', lexicon: 'Q.PH1.006.p', unit: 's' }

/** Mean transit time of the extravascular extracellular space. */
export const MTTE: Named = {
  name: 'mtte',
  title: 'mean transit time of the extravascular extracellular space',
  lexicon: 'Q.PH1.006.e',
  unit: 's',
}

/**
 * Extraction fraction, transfer constant and transit time of plasma of a well-mixed plasma compartment.
 *
 * @remarks
 *     E = PS/(Fp + PS),   Ktrans = E·Fp,   MTT = vp/(Fp + PS)
 *
 * @param fp - index of Fp
 * @param ps - index of PS
 * @param vp - index of vp
 */
export function compartmentQuantities(fp: number, ps: number, vp: number): readonly DerivedQuantity[] {
  return [
    {
      name: 'Ktrans',
      title: KTRANS.title,
      lexicon: KTRANS.lexicon,
      unit: '1/s',
      of(p, gradient) {
        const E = p[ps]! / (p[fp]! + p[ps]!)
        gradient.fill(0)
        gradient[fp] = E * E
        gradient[ps] = (1 - E) * (1 - E)
        return E * p[fp]!
      },
    },
    {
      name: 'E',
      title: 'extraction fraction',
      lexicon: 'Q.PH1.005',
      unit: '1',
      of(p, gradient) {
        const sum = p[fp]! + p[ps]!
        gradient.fill(0)
        gradient[fp] = -p[ps]! / (sum * sum)
        gradient[ps] = p[fp]! / (sum * sum)
        return p[ps]! / sum
      },
    },
    {
      ...MTT,
      of(p, gradient) {
        const sum = p[fp]! + p[ps]!
        const value = p[vp]! / sum
        gradient.fill(0)
        gradient[fp] = gradient[ps] = -value / sum
        gradient[vp] = 1 / sum
        return value
      },
    },
  ]
}
