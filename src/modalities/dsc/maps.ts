import type { Options } from '../../options.ts'
import type { Unit } from '../../units.ts'
import type { MapOutput, OutputName } from '../modality.ts'
import type { DscAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import type { Local } from './local.ts'
import { OUTPUTS, outputNames, SHAPES } from './outputs.ts'
import type { Perfused } from './perfuse.ts'

/** The images of a fit, in the order of {@link outputNames}; without those that could not be had. */
export function mapsOf(fitted: Fitted, acquisition: DscAcquisition, options: Options): MapOutput[] {
  const made = [
    ...(fitted.perfused ? perfusionMaps(fitted, fitted.perfused) : []),
    ...(fitted.local ? localMaps(fitted, fitted.local) : []),
    ...volumeMaps(fitted),
    ...leakageMaps(fitted),
    ...ratioMaps(fitted),
    ...shapeMaps(fitted),
    ...arterialMaps(fitted),
  ]
  const wanted = new Set(outputNames(acquisition, options).map(name => JSON.stringify(name)))
  return made.filter(({ name }) => wanted.has(JSON.stringify(name)))
}

interface Spec {
  readonly unit: Unit
  readonly template: string
  readonly sidecar: Readonly<Record<string, unknown>>
  readonly parameter?: string
  readonly status?: Uint8Array
  readonly window?: readonly [number, number]
}

function map(name: OutputName, values: Float64Array, spec: Spec): MapOutput {
  return { name, kind: 'map', values: Float32Array.from(values), ...spec }
}

function reliableMap(name: OutputName, values: Uint8Array, Criterion: string, Threshold: number): MapOutput {
  return { name, kind: 'mask', values, unit: '1', template: 'reliable', sidecar: { Threshold, Criterion } }
}

/** A map, its standard error, and where that is small. */
function judged(
  names: readonly [OutputName, OutputName, OutputName],
  values: Float64Array,
  errors: Float64Array,
  spec: Spec,
): MapOutput[] {
  const isTime = spec.parameter === 'tmax' || spec.parameter === 'delay'
  const limit = isTime ? LIMITS.reliableTime : LIMITS.reliable
  const good = values.map((value, v) => (errors[v]! <= (isTime ? limit : limit * Math.abs(value)) ? 1 : 0))
  const words = isTime ? 'standard error in seconds' : 'standard error over the value'
  const { parameter: _, window: __, ...rest } = spec
  return [
    map(names[0], values, spec),
    map(names[1], errors, { ...rest, template: `${spec.template}-sd` }),
    reliableMap(names[2], Uint8Array.from(good), `${words}, at most the threshold`, limit),
  ]
}

/** What a map of flow or volume says of its scale. */
function scaleWords({ scaling, quantification }: Fitted): Record<string, unknown> {
  return { Quantification: quantification, KappaH: scaling.kH.value, BrainDensity: scaling.density.value }
}

function perfusionMaps(fitted: Fitted, { method, cbf, mtt, tmax, delay, se, settings }: Perfused): MapOutput[] {
  const words = { Estimator: method, ...settings }
  const spec = { status: fitted.status } as const
  return [
    ...judged([OUTPUTS.cbf(method), OUTPUTS.cbf(method, 'sd'), OUTPUTS.reliable(method, 'cbf')], cbf, se.cbf, {
      ...spec,
      unit: 'mL/100g/min',
      template: 'dsc-cbf',
      sidecar: { ...words, ...scaleWords(fitted) },
      parameter: 'cbf',
    }),
    ...judged([OUTPUTS.mtt(method), OUTPUTS.mtt(method, 'sd'), OUTPUTS.reliable(method, 'mtt')], mtt, se.mtt, {
      ...spec,
      unit: 's',
      template: 'dsc-mtt',
      sidecar: words,
      parameter: 'mtt',
      window: [0, 15],
    }),
    ...judged([OUTPUTS.tmax(method), OUTPUTS.tmax(method, 'sd'), OUTPUTS.reliable(method, 'tmax')], tmax, se.tmax, {
      ...spec,
      unit: 's',
      template: 'dsc-tmax',
      sidecar: words,
      parameter: 'tmax',
      window: [0, 12],
    }),
    ...judged(
      [OUTPUTS.delay(method), OUTPUTS.delay(method, 'sd'), OUTPUTS.reliable(method, 'delay')],
      delay,
      se.delay,
      {
        ...spec,
        unit: 's',
        template: 'dsc-delay',
        sidecar: words,
        parameter: 'delay',
        window: [-8, 8],
      },
    ),
  ]
}

function localMaps(fitted: Fitted, { method, cbf, mtt, tmax, delay, status, settings }: Local): MapOutput[] {
  const words = { Estimator: method, ...settings }
  const desc = 'localaif'
  const time = { unit: 's', sidecar: words, status } as const
  return [
    map(OUTPUTS.cbf(method, desc), cbf, {
      unit: 'mL/100g/min',
      template: 'dsc-cbf',
      sidecar: { ...words, ...scaleWords(fitted) },
      parameter: 'cbf',
      status,
    }),
    map(OUTPUTS.mtt(method, desc), mtt, { ...time, template: 'dsc-mtt', parameter: 'mtt', window: [0, 15] }),
    map(OUTPUTS.tmax(method, desc), tmax, { ...time, template: 'dsc-tmax', parameter: 'tmax', window: [0, 12] }),
    map(OUTPUTS.delay(method, desc), delay, { ...time, template: 'dsc-delay', parameter: 'delay', window: [-8, 8] }),
  ]
}

function volumeMaps(fitted: Fitted): MapOutput[] {
  if (!fitted.volume) return []
  const { cbv, se } = fitted.volume
  const sidecar = { Estimator: 'area', IntegrationWindow: 'whole record', ...scaleWords(fitted) }
  return judged([OUTPUTS.cbv('nocorr'), OUTPUTS.cbv('nocorr', 'sd'), OUTPUTS.reliable('nocorr', 'cbv')], cbv, se, {
    unit: 'mL/100g',
    template: 'dsc-cbv',
    sidecar,
    parameter: 'cbv',
    status: fitted.status,
  })
}

function leakageMaps(fitted: Fitted): MapOutput[] {
  const { leakage, corrected } = fitted
  if (!leakage) return []
  const { correction, k1, k2, kep, se, status, settings } = leakage
  const sidecar = { Estimator: correction, ...settings }
  const spec = { sidecar, status } as const
  const named = (name: (desc?: string) => OutputName, param: string) =>
    [name(), name('sd'), OUTPUTS.reliable(correction, param)] as const
  return [
    ...(corrected
      ? judged(
          named(desc => OUTPUTS.cbv(correction, desc), 'cbv'),
          corrected.cbv,
          corrected.se,
          {
            unit: 'mL/100g',
            template: 'dsc-cbv-corrected',
            sidecar: { ...sidecar, ...scaleWords(fitted) },
            status,
            parameter: 'cbv',
          },
        )
      : []),
    ...judged(
      named(desc => OUTPUTS.k1(correction, desc), 'k1'),
      k1,
      se.k1,
      {
        ...spec,
        unit: '1',
        template: 'dsc-k1',
        parameter: 'k1',
      },
    ),
    ...judged(
      named(desc => OUTPUTS.k2(correction, desc), 'k2'),
      k2,
      se.k2,
      {
        ...spec,
        unit: '1/s',
        template: 'dsc-k2',
        parameter: 'k2',
        window: [-0.02, 0.02],
      },
    ),
    ...(kep
      ? judged(named(OUTPUTS.kep, 'kep'), kep, se.kep, {
          ...spec,
          unit: '1/s',
          template: 'dsc-kep',
          parameter: 'kep',
          window: [0, 0.05],
        })
      : []),
    {
      name: OUTPUTS.leakageStatus(correction),
      kind: 'dseg',
      values: status,
      unit: '1',
      template: 'dsc-leakagestatus',
    },
  ]
}

function ratioMaps(fitted: Fitted): MapOutput[] {
  const { normal, headline, perfused } = fitted
  if (!normal) return []
  const words = {
    NormalisedTo: `median of normal-appearing white matter by ${normal.from}`,
    NormalVoxels: normal.voxels,
  }
  return [
    map(OUTPUTS.rcbv, headline.rcbv, {
      unit: '1',
      template: 'dsc-rcbv',
      sidecar: { ...words, LeakageCorrection: headline.words },
      parameter: 'rcbv',
      window: [0, 5],
      status: fitted.status,
    }),
    ...(perfused && headline.rcbf
      ? [
          map(OUTPUTS.rcbf, headline.rcbf, {
            unit: '1',
            template: 'dsc-rcbf',
            sidecar: { ...words, Estimator: perfused.method },
            parameter: 'rcbf',
            window: [0, 5],
            status: fitted.status,
          }),
        ]
      : []),
  ]
}

/** Display windows of what is read off the curves. */
const WINDOWS = { ttp: [0, 15], ttpscan: null, bat: null, fwhm: [0, 20], psr: [0, 150], drop: [0, 80] } as const

function shapeMaps({ shape, status }: Fitted): MapOutput[] {
  return SHAPES.map(param => {
    const window = WINDOWS[param]
    return map(OUTPUTS.shape(param), shape[param], {
      unit: param === 'psr' || param === 'drop' ? '%' : 's',
      template: `dsc-${param}`,
      sidecar: { Estimator: 'curve' },
      parameter: param,
      status,
      ...(window ? { window } : {}),
    })
  })
}

function arterialMaps({ arterial, status }: Fitted): MapOutput[] {
  if (!arterial?.voxels) return []
  const values = new Uint8Array(status.length)
  for (const voxel of arterial.voxels) values[voxel] = 1
  const sidecar = { Estimator: arterial.from }
  return [{ name: OUTPUTS.aif, kind: 'mask', values, unit: '1', template: 'dsc-aif', sidecar }]
}
