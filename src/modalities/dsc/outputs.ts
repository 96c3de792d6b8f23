import type { Options } from '../../options.ts'
import type { OutputName } from '../modality.ts'
import type { DscAcquisition } from './acquisition.ts'

/** How curves are deconvolved. */
export type Method = Options['dsc-deconvolution']

/** How CBV is corrected, as its maps are called. */
export type Correction = 'bsw' | 'bidir'

const dscmap = (param: string, model?: string, desc?: string): OutputName => ({
  ...(model === undefined ? {} : { model }),
  param,
  ...(desc === undefined ? {} : { desc }),
  suffix: 'dscmap',
})
const reliable = (model: string, param: string): OutputName => {
  return { mod: true, model, param, desc: 'reliable', suffix: 'mask' }
}

/** Names of the images and tables that a run can write. */
export const OUTPUTS = {
  cbf: (model: Method, desc?: string) => dscmap('cbf', model, desc),
  mtt: (model: Method, desc?: string) => dscmap('mtt', model, desc),
  tmax: (model: Method, desc?: string) => dscmap('tmax', model, desc),
  delay: (model: Method, desc?: string) => dscmap('delay', model, desc),
  cbv: (model: 'nocorr' | Correction, desc?: string) => dscmap('cbv', model, desc),
  k1: (model: Correction, desc?: string) => dscmap('k1', model, desc),
  k2: (model: Correction, desc?: string) => dscmap('k2', model, desc),
  kep: (desc?: string) => dscmap('kep', 'bidir', desc),
  leakageStatus: (model: Correction): OutputName => ({ mod: true, model, desc: 'fitstatus', suffix: 'dseg' }),
  rcbv: dscmap('rcbv'),
  rcbf: dscmap('rcbf'),
  shape: (param: 'ttp' | 'ttpscan' | 'bat' | 'fwhm' | 'psr' | 'drop') => dscmap(param, 'curve'),
  reliable,
  aif: { mod: true, desc: 'aif', suffix: 'mask' } satisfies OutputName,
  curve: { mod: true, desc: 'aif', suffix: 'timeseries' } satisfies OutputName,
  stroke: { desc: 'strokevolumes', suffix: 'dsc' } satisfies OutputName,
} as const

/** What is read off the curves, in order. */
export const SHAPES = ['ttp', 'ttpscan', 'bat', 'fwhm', 'psr', 'drop'] as const

/** The correction that an option asks for; null for none. */
export function correctionOf(options: Options): Correction | null {
  const asked = options['dsc-leakage']
  return asked === 'none' ? null : asked === 'bsw' ? 'bsw' : 'bidir'
}

/** Whether the arterial curve gives CBF and CBV a scale, if only a relative one. */
export function isScaled({ arterial }: DscAcquisition): boolean {
  return arterial.kind !== 'curve' || arterial.given.holds !== 'concentration' || arterial.given.relaxivity !== null
}

/** The images that a run will write, in order. */
export function outputNames(acquisition: DscAcquisition, options: Options): OutputName[] {
  const method = options['dsc-deconvolution']
  const correction = correctionOf(options)
  const scaled = isScaled(acquisition)
  return [
    ...perfusionNames(method, scaled),
    ...(options['dsc-aif'] === 'local' ? localNames(method, scaled) : []),
    ...(scaled ? [OUTPUTS.cbv('nocorr'), OUTPUTS.cbv('nocorr', 'sd'), reliable('nocorr', 'cbv')] : []),
    ...(correction ? leakageNames(correction, scaled) : []),
    OUTPUTS.rcbv,
    OUTPUTS.rcbf,
    ...SHAPES.map(OUTPUTS.shape),
    ...(acquisition.arterial.kind === 'curve' ? [] : [OUTPUTS.aif]),
  ]
}

function perfusionNames(method: Method, scaled: boolean): OutputName[] {
  return [
    ...(scaled ? [OUTPUTS.cbf(method), OUTPUTS.cbf(method, 'sd'), reliable(method, 'cbf')] : []),
    OUTPUTS.mtt(method),
    OUTPUTS.mtt(method, 'sd'),
    reliable(method, 'mtt'),
    OUTPUTS.tmax(method),
    OUTPUTS.tmax(method, 'sd'),
    reliable(method, 'tmax'),
    OUTPUTS.delay(method),
    OUTPUTS.delay(method, 'sd'),
    reliable(method, 'delay'),
  ]
}

function localNames(method: Method, scaled: boolean): OutputName[] {
  const desc = 'localaif'
  return [
    ...(scaled ? [OUTPUTS.cbf(method, desc)] : []),
    OUTPUTS.mtt(method, desc),
    OUTPUTS.tmax(method, desc),
    OUTPUTS.delay(method, desc),
  ]
}

function leakageNames(correction: Correction, scaled: boolean): OutputName[] {
  const judged = (param: string, name: (desc?: string) => OutputName) => [
    name(),
    name('sd'),
    reliable(correction, param),
  ]
  return [
    ...(scaled ? judged('cbv', desc => OUTPUTS.cbv(correction, desc)) : []),
    ...judged('k1', desc => OUTPUTS.k1(correction, desc)),
    ...judged('k2', desc => OUTPUTS.k2(correction, desc)),
    ...(correction === 'bidir' ? judged('kep', OUTPUTS.kep) : []),
    OUTPUTS.leakageStatus(correction),
  ]
}
