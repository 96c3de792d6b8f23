import { readFileSync } from 'node:fs'
import type { DeconvolutionKind } from '../../src/kinetics/dsc-deconvolution.ts'

/** What a deconvolution of a reference curve gives; times in s, CBF and CBV at a factor kH/ρ of 1. */
export interface Expected {
  readonly CBF: number
  readonly CBV: number
  readonly MTT: number
  /** On the grid of the volumes. */
  readonly Tmax: number
  readonly Tmax_parabolic?: number
  readonly P?: number
}

/** A curve of known tissue. */
export interface DscCase {
  readonly id: string
  readonly residue: 'exponential' | 'boxcar' | 'linear'
  readonly CBF: number
  readonly CBV: number
  readonly MTT: number
  readonly delay: number
  readonly c_t: readonly number[]
  readonly expected: Readonly<Record<string, Expected>>
}

interface Leaking {
  readonly K1: number
  readonly K2_per_s: number
  readonly kep_per_s: number
  readonly dR2s: readonly number[]
  readonly fit_K1: number
  readonly fit_K2: number
  readonly auc_uncorrected: number
  readonly auc_corrected: number
  readonly auc_true: number
  readonly auc_corrected_BSW: number
  readonly auc_corrected_bidir: number
  readonly BSW_fit: readonly [number, number]
  readonly bidir_fit_K1_K2_kep: readonly [number, number, number]
}

type Moments = readonly [mean: number, sd: number]

interface Cases {
  readonly sets: Readonly<Record<string, { TR: number; aif: readonly number[]; cases: readonly DscCase[] }>>
  readonly noisy_recovery: {
    readonly cases: Readonly<
      Record<
        string,
        {
          readonly truth: { readonly CBF: number; readonly CBV: number; readonly delay: number }
          readonly results: Readonly<
            Record<string, Readonly<Record<'CBF_mean_sd' | 'CBV_mean_sd' | 'MTT_mean_sd' | 'Tmax_mean_sd', Moments>>>
          >
        }
      >
    >
  }
  readonly signal_conversion: {
    readonly single_echo: { TE: number; S: readonly number[]; dR2s: readonly number[] }
    readonly dual_echo: {
      TE1: number
      TE2: number
      S1: readonly number[]
      S2: readonly number[]
      dR2s_dual: readonly number[]
      dR2s_single_TE2: readonly number[]
    }
  }
  readonly leakage: {
    readonly TR: number
    readonly reference_curve_dR2s: readonly number[]
    readonly BSW: readonly Leaking[]
    readonly bidirectional: readonly Leaking[]
  }
  readonly gamma_variate: {
    readonly params: { A: number; t0: number; alpha: number; beta: number }
    readonly c: readonly number[]
    readonly c_with_recirculation: readonly number[]
    readonly analytic: Readonly<Record<'peak_time' | 'peak' | 'area' | 'mean_time' | 'FWHM', number>>
  }
  readonly scalar_checks: {
    readonly kappa_H: Readonly<Record<'Hct_LV' | 'Hct_SV' | 'kH' | 'rho_g_per_mL' | 'kH_over_rho', number>>
    readonly PSR: Readonly<Record<'S_pre' | 'S_min' | 'S_post' | 'PSR_pct', number>>
    readonly relaxivity_drop: Readonly<Record<'TE' | 'drop_40pct_dR2s' | 'drop_60pct_dR2s', number>>
  }
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../reference/${name}`, import.meta.url), 'utf8'))

/** Reference numbers by an independent computation. */
export const CASES: Cases = read('dsc_cases.json')

/** Curves of others, with what they were made from. */
export const OSIPI: {
  readonly tolerance: Readonly<Record<'cbv' | 'cbf', { absolute: number; relative: number }>>
  readonly cases: readonly {
    label: string
    TR: number
    cbv: number
    cbf: number
    cbv_measured: number
    cbf_by: Readonly<Record<string, number>>
    tissue: readonly number[]
    artery: readonly number[]
  }[]
} = read('osipi-dsc.json')

/** The methods by the names that the references have for them. */
export const METHODS: readonly (readonly [name: string, kind: DeconvolutionKind, limit: number])[] = [
  ['sSVD_P0.20', 'ssvd', 0.035],
  ['cSVD_P0.10', 'csvd', 0.035],
  ['oSVD_OI0.035', 'osvd', 0.035],
  ['oSVD_OI0.065', 'osvd', 0.065],
  ['oSVD_OI0.095', 'osvd', 0.095],
]

/** The noise model of the reference: signals at an echo time of 30 ms whose drop at CBF 60 and CBV 4 is 40 %. */
export function signalScale(TR: number): number {
  const set = CASES.sets[`A_cbf_sweep_TR${TR.toFixed(1)}`]!
  const usual = set.cases.find(({ residue, CBF, CBV }) => residue === 'exponential' && CBF === 60 && CBV === 4)!
  return -Math.log(0.6) / Math.max(...usual.c_t)
}
