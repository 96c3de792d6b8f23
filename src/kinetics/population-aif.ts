import { GEORGIOU_STEP, georgiouTable } from './georgiou-table.ts'

/** Names of the population-averaged arterial functions. */
export type PopulationName =
  | 'parker'
  | 'georgiou'
  | 'weinmann'
  | 'fritzhansen'
  | 'orton'
  | 'manning'
  | 'heye'
  | 'mcgrath'

/** A population-averaged arterial function. */
export interface PopulationAif {
  readonly title: string
  /** What its concentration is in. */
  readonly basis: 'blood' | 'plasma'
  /** Dose of the population [mmol/kg]. */
  readonly dose: number
  /** Identifier in the OSIPI lexicon; null where it has none. */
  readonly lexicon: string | null
  readonly reference: string
  /** Concentration at a time after arrival [s]: [mM]; 0 before. */
  at(time: number): number
}

const MINUTE = 60

/** The two passes of the bolus that Parker's function and its kin share [mM], t in minutes. */
function passes(t: number): number {
  const bell = (area: number, centre: number, width: number) =>
    (area / (width * Math.sqrt(2 * Math.PI))) * Math.exp(-((t - centre) * (t - centre)) / (2 * width * width))
  return bell(0.809, 0.17046, 0.0563) + bell(0.33, 0.365, 0.132)
}

/** What turns the wash-out on after the bolus, t in minutes. */
function onset(t: number): number {
  return 1 / (1 + Math.exp(-38.078 * (t - 0.483)))
}

const table = georgiouTable()

/** Linear between the samples of the published table; beyond it the two slow exponentials of the paper go on from its end. */
function georgiou(time: number): number {
  const at = time / GEORGIOU_STEP
  const last = table.length - 1
  const slow = (t: number) => 0.37 * Math.exp(-0.11 * t) + 0.33 * Math.exp(-1.17 * t)
  if (at >= last) return (table[last]! * slow(time / MINUTE)) / slow((last * GEORGIOU_STEP) / MINUTE)
  const i = Math.floor(at)
  return table[i]! + (at - i) * (table[i + 1]! - table[i]!)
}

/** The raised-cosine bolus and its exponential tail, t in minutes. */
function orton(t: number): number {
  const [aB, muB, aG, muG] = [2.84, 22.8, 1.36, 0.171]
  const end = (2 * Math.PI) / muB
  const f = (u: number) =>
    (1 - Math.exp(-muG * u)) / muG -
    (muG * Math.cos(muB * u) + muB * Math.sin(muB * u) - muG * Math.exp(-muG * u)) / (muG * muG + muB * muB)
  return t <= end ? aB * (1 - Math.cos(muB * t)) + aB * aG * f(t) : aB * aG * f(end) * Math.exp(-muG * (t - end))
}

/** Model B of McGrath: a ramp of 7 s and two exponentials, t in seconds. */
function mcgrath(time: number): number {
  return time <= 7
    ? ((3.4 + 1.81) * time) / 7
    : 3.4 * Math.exp(-0.045 * (time - 7)) + 1.81 * Math.exp(-0.0015 * (time - 7))
}

/**
 * The functions by name, each in the basis of its paper.
 *
 * @remarks
 * Those of blood must be divided by 1 − haematocrit once, and only once. Those whose formula is not 0 at arrival (Parker's is
 * 0.08 mM) are cut off before it.
 */
export const POPULATION_AIFS: Readonly<Record<PopulationName, PopulationAif>> = {
  parker: {
    title: 'Parker',
    basis: 'blood',
    dose: 0.1,
    lexicon: 'M.IC2.001',
    reference: 'doi:10.1002/mrm.21066',
    at: after(t => passes(t / MINUTE) + 1.05 * Math.exp(-0.1685 * (t / MINUTE)) * onset(t / MINUTE)),
  },
  georgiou: {
    title: 'Georgiou',
    basis: 'blood',
    dose: 0.1,
    lexicon: 'M.IC2.002',
    reference: 'doi:10.1002/mrm.27524',
    at: after(georgiou),
  },
  weinmann: {
    title: 'Weinmann (Tofts & Kermode)',
    basis: 'plasma',
    dose: 0.1,
    lexicon: 'M.IC2.003',
    reference: 'doi:10.1002/mrm.1910170208',
    at: after(t => 0.1 * (3.99 * Math.exp(-0.144 * (t / MINUTE)) + 4.78 * Math.exp(-0.0111 * (t / MINUTE)))),
  },
  fritzhansen: {
    title: 'Fritz-Hansen',
    basis: 'plasma',
    dose: 0.1,
    lexicon: null,
    reference: 'doi:10.1002/mrm.1910360209',
    at: after(t => 2.4 * Math.exp(-3 * (t / MINUTE)) + 0.62 * Math.exp(-0.016 * (t / MINUTE))),
  },
  orton: {
    title: 'Orton (cosine)',
    basis: 'blood',
    dose: 0.1,
    lexicon: null,
    reference: 'doi:10.1088/0031-9155/53/5/005',
    at: after(t => orton(t / MINUTE)),
  },
  manning: {
    title: 'Manning',
    basis: 'blood',
    dose: 0.1,
    lexicon: null,
    reference: 'doi:10.1002/mrm.28833',
    at: after(
      t =>
        0.89 *
        (passes(t / MINUTE) +
          (0.246 * Math.exp(-0.18 * (t / MINUTE)) + 0.765 * Math.exp(-0.024 * (t / MINUTE))) * onset(t / MINUTE)),
    ),
  },
  heye: {
    title: 'Heye',
    basis: 'blood',
    dose: 0.1,
    lexicon: null,
    reference: 'doi:10.1016/j.neuroimage.2015.10.018',
    at: after(
      t =>
        passes(t / MINUTE) +
        (3.1671 * Math.exp(-1.0165 * (t / MINUTE)) + 0.5628 * Math.exp(-0.0266 * (t / MINUTE))) * onset(t / MINUTE),
    ),
  },
  mcgrath: {
    title: 'McGrath (preclinical)',
    basis: 'blood',
    dose: 0.1,
    lexicon: null,
    reference: 'doi:10.1002/mrm.21959',
    at: after(mcgrath),
  },
}

function after(curve: (time: number) => number): (time: number) => number {
  return time => (time < 0 ? 0 : curve(time))
}

/**
 * An arterial function at given times [mM, in its own basis], shape (nTime).
 *
 * @param name - whose
 * @param times - [s]
 * @param arrival - of the bolus [s]
 * @param dose - that was given [mmol/kg], in proportion to which it is scaled; that of the population by default
 */
export function populationCurve(
  name: PopulationName,
  times: Float64Array,
  arrival: number,
  dose?: number,
): Float64Array {
  const aif = POPULATION_AIFS[name]
  const scale = dose === undefined ? 1 : dose / aif.dose
  return times.map(time => scale * aif.at(time - arrival))
}
