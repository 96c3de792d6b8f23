import { describe, expect, it } from 'vitest'
import { readAcquisition } from '../../../src/modalities/dsc/acquisition.ts'
import { curveOnSeries } from '../../../src/modalities/dsc/arterial-file.ts'
import { DSC, FRAMES, runOf, SIDECAR, sourceOf } from './run.ts'

type Values = Readonly<Record<string, unknown>>

const without = (values: Values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
const bind = (sidecar: Values, more: Parameters<typeof sourceOf>[2] = {}, options: Parameters<typeof runOf>[1] = {}) =>
  readAcquisition(runOf([sourceOf(DSC, without({ ...SIDECAR, ...sidecar }), more)], options))
const problems = (...words: Parameters<typeof bind>) =>
  bind(...words).problems.map(({ code, message }) => [code, message])

describe('the echo time', () => {
  it('is refused where it is absent, in milliseconds, or none', () => {
    expect(problems({ EchoTime: null })).toEqual([
      [
        'FIELD_MISSING',
        'sub-01_dsc.json: EchoTime is missing: without it a signal is no concentration; add it in seconds, or give --dsc-te.',
      ],
    ])
    expect(problems({ EchoTime: 30 })).toEqual([
      [
        'FIELD_UNIT_SUSPECT',
        'sub-01_dsc.json: EchoTime is 30 s, which looks like milliseconds (0.03 s); BIDS wants seconds.',
      ],
    ])
    expect(problems({ EchoTime: '30ms' })[0]?.[0]).toBe('FIELD_INVALID')
    expect(problems({ EchoTime: 0 })[0]?.[0]).toBe('FIELD_INVALID')
    for (const EchoTime of [null, 30, 0]) expect(bind({ EchoTime }).ok).toBe(false)
  })

  it('comes from the option before the sidecar, and a difference is said', () => {
    const given = bind({ EchoTime: null }, {}, { 'dsc-te': 0.025 })
    expect(given.ok && given.value.echoTimes).toEqual([0.025])
    expect(problems({ EchoTime: 0.03 }, {}, { 'dsc-te': 0.025 })).toEqual([
      ['FIELD_UNUSUAL', 'sub-01_dsc.json: EchoTime is 0.03 s and --dsc-te 0.025 s; the option is used.'],
    ])
  })

  it('of several echoes is in rising order, and each must have its own', () => {
    const echo = (n: number, EchoTime: unknown, frames = FRAMES) =>
      sourceOf(`sub-01/perf/sub-01_echo-${n}_dsc.nii.gz`, without({ ...SIDECAR, EchoTime }), { frames })
    const two = readAcquisition(runOf([echo(1, 0.03), echo(2, 0.012)]))
    expect(two.ok && [two.value.echoTimes, two.value.echoOrder]).toEqual([
      [0.012, 0.03],
      [1, 0],
    ])
    expect(readAcquisition(runOf([echo(1, 0.012), echo(2, null)])).problems[0]?.code).toBe('FIELD_MISSING')
    expect(readAcquisition(runOf([echo(1, 0.03), echo(2, 0.03)])).problems[0]?.code).toBe('ECHOES_DISAGREE')
    expect(readAcquisition(runOf([echo(1, 0.012), echo(2, 0.03, 79)])).problems[0]?.message).toContain('14×14×6×79')
  })
})

describe('the time between volumes', () => {
  const timing = (...words: Parameters<typeof bind>) => {
    const bound = bind(...words)
    return bound.ok ? bound.value.timing : null
  }
  const times = (dt: number) => Array.from({ length: FRAMES }, (_, k) => k * dt)

  it('is that of VolumeTiming, then RepetitionTime, then the header', () => {
    expect(timing({ VolumeTiming: times(1.5) })).toEqual({ dt: 1.5, from: 'VolumeTiming in sub-01_dsc.json' })
    expect(timing({ VolumeTiming: times(1.49) }, { spacing: 1.5 })?.dt).toBeCloseTo(1.49, 12)
    expect(timing({}, { spacing: 1.5 })?.from).toBe('RepetitionTime in sub-01_dsc.json')
    expect(timing({ RepetitionTime: null }, { spacing: 1.2 })).toEqual({ dt: 1.2, from: 'the image header' })
    expect(problems({ RepetitionTime: null })[0]?.[0]).toBe('FIELD_MISSING')
  })

  it('is refused where statements differ by more than a per cent', () => {
    expect(problems({}, { spacing: 2 })).toEqual([
      [
        'TIMING_DISAGREES',
        'sub-01_dsc.json: RepetitionTime says 1.5 s between volumes and the image header 2 s; correct the one that is wrong.',
      ],
    ])
    expect(problems({ VolumeTiming: times(1.6) })[0]?.[0]).toBe('TIMING_DISAGREES')
    expect(problems({}, { spacing: 1.51 })).toEqual([])
  })

  it('is refused in milliseconds, uneven, or of another length', () => {
    expect(problems({ RepetitionTime: 1500 })[0]?.[0]).toBe('FIELD_UNIT_SUSPECT')
    expect(problems({ RepetitionTime: 0 })[0]?.[0]).toBe('FIELD_INVALID')
    expect(problems({ VolumeTiming: times(1500) })[0]?.[0]).toBe('FIELD_UNIT_SUSPECT')
    expect(problems({ VolumeTiming: times(1.5).slice(1) })[0]?.[0]).toBe('LENGTHS_DISAGREE')
    const uneven = times(1.5).map((time, k) => (k === 40 ? time + 0.2 : time))
    expect(problems({ VolumeTiming: uneven })[0]).toEqual(['NOT_SUPPORTED', expect.stringContaining('resample')])
  })
})

describe('slice times', () => {
  const delays = (...words: Parameters<typeof bind>) => {
    const bound = bind(...words)
    return bound.ok ? (bound.value.slices?.delays ?? null) : 'refused'
  }
  const six = [0.5, 0, 0.6, 0.1, 0.7, 0.2]

  it('are taken along their direction', () => {
    expect(delays({ SliceTiming: six })).toEqual(six)
    expect(delays({ SliceTiming: six, SliceEncodingDirection: 'k-' })).toEqual([...six].reverse())
    expect(delays({})).toBeNull()
  })

  it('are refused in milliseconds and of another length, and missed in 2D', () => {
    expect(problems({ SliceTiming: six.map(time => 1000 * time) })[0]?.[0]).toBe('FIELD_UNIT_SUSPECT')
    expect(problems({ SliceTiming: six.slice(1) })[0]?.[0]).toBe('LENGTHS_DISAGREE')
    expect(problems({ SliceTiming: [...six.slice(1), 1.6] })[0]?.[0]).toBe('FIELD_INVALID')
    expect(problems({ MRAcquisitionType: '2D' })[0]?.[0]).toBe('SLICE_TIMES_UNKNOWN')
    expect(bind({ MRAcquisitionType: '2D' }).ok).toBe(true)
  })
})

describe('the haematocrit', () => {
  const factor = (...words: Parameters<typeof bind>) => {
    const bound = bind(...words)
    return bound.ok ? bound.value.scaling.factor : Number.NaN
  }
  it('makes the factor of flow and volume, 0.7051 by default', () => {
    expect(factor({})).toBeCloseTo(0.7051, 4)
    expect(factor({ Hematocrit: 0.4 })).toBeCloseTo(0.6 / 0.75 / 1.04, 12)
    expect(factor({ Hematocrit: 0.4 }, {}, { hematocrit: 35 })).toBeCloseTo(0.65 / 0.75 / 1.04, 12)
    expect(problems({ Hematocrit: 'high' })[0]?.[0]).toBe('FIELD_INVALID')
  })
})

describe('an arterial table', () => {
  const rows = (values: (time: number) => string) =>
    Array.from({ length: FRAMES }, (_, k) => [String(k * 1.5), values(k * 1.5)])
  const table = (column: string, sidecar: Values = {}, values = (time: number) => String(time)) =>
    sourceOf('sub-01/perf/sub-01_aif.tsv', sidecar, { table: { columns: ['time', column], rows: rows(values) } })
  const read = (source: ReturnType<typeof table>) => readAcquisition(runOf(undefined, {}, { aif: [source] }))
  const given = (source: ReturnType<typeof table>) => {
    const bound = read(source)
    return bound.ok && bound.value.arterial.kind === 'curve' ? bound.value.arterial.given : null
  }

  it('holds a rate, a concentration in blood or plasma, or a signal with its echo time', () => {
    expect(given(table('delta_r2star'))).toMatchObject({ holds: 'delta_r2star', toBlood: 1 })
    expect(given(table('concentration', { AIFBasis: 'plasma' }))).toMatchObject({ toBlood: 0.55 })
    expect(given(table('signal', { EchoTime: 0.03 }))).toMatchObject({ holds: 'signal', echoTime: 0.03 })
    expect(read(table('concentration')).problems.map(({ code }) => code)).toEqual(['AIF_UNSCALED'])
    const TransverseRelaxivity = { Blood: 7.6, tissue: 44 }
    expect(given(table('concentration', { TransverseRelaxivity }))?.relaxivity).toMatchObject({
      blood: 7.6,
      tissue: 44,
    })
  })

  it.each([
    [table('signal'), 'EchoTime is needed in seconds'],
    [table('signal', { EchoTime: 30 }), 'EchoTime is needed in seconds'],
    [table('height'), 'it needs time and one of concentration, delta_r2star, signal'],
    [table('delta_r2star', {}, time => (time === 3 ? 'n/a' : '1')), 'row 3 holds'],
    [table('delta_r2star', { AIFBasis: 'serum' }), 'it must be blood or plasma'],
    [table('delta_r2star', { TransverseRelaxivity: 5 }), 'in 1/s/mM, both above 0'],
  ])('is refused otherwise', (source, words) => {
    const bound = read(source)
    expect(bound.ok).toBe(false)
    expect(bound.problems[0]).toMatchObject({ code: 'AIF_INVALID', message: expect.stringContaining(words) })
  })

  it('is interpolated on the clock of the series, which it must cover', () => {
    const curve = given(table('delta_r2star'))!
    const on = curveOnSeries(curve, 100, 1, [0, 20])
    expect(on.ok && [...on.value.slice(0, 4)]).toEqual([0, 1, 2, 3])
    expect(curveOnSeries(curve, FRAMES, 3, [0, 20]).problems[0]?.message).toContain('it must cover the series')
    const signal = given(table('signal', { EchoTime: 0.03 }, time => String(time < 30 ? 100 : 50)))!
    const rate = curveOnSeries(signal, FRAMES, 1.5, [0, 15])
    expect(rate.ok && [rate.value[0], rate.value[70]]).toEqual([
      expect.closeTo(0, 10),
      expect.closeTo(Math.log(2) / 0.03, 10),
    ])
  })
})
