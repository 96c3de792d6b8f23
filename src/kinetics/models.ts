import type { KineticModel } from './model.ts'
import { twoCompartmentFiltration } from './model-2cfm.ts'
import { twoCompartmentUptake } from './model-2cum.ts'
import { twoCompartmentExchange } from './model-2cxm.ts'
import { tissueHomogeneity } from './model-aath.ts'
import { extendedTofts } from './model-etofts.ts'
import { liver } from './model-liver.ts'
import { oneCompartment } from './model-one-compartment.ts'
import { patlak } from './model-patlak.ts'
import { steadyState } from './model-steady-state.ts'
import { tofts } from './model-tofts.ts'

/** The kinetic models, simplest first. A model is added with one line here. */
export const KINETIC_MODELS: readonly KineticModel[] = [
  steadyState,
  patlak,
  tofts,
  oneCompartment,
  extendedTofts,
  twoCompartmentUptake,
  twoCompartmentExchange,
  tissueHomogeneity,
  twoCompartmentFiltration,
  liver,
]
