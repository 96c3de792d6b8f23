import type { Citations } from './citations.ts'
import { html, type Markup } from './markup.ts'
import type { RunRecord } from './record.ts'

/** What a technique has been shown to do at each stage of technical efficacy. */
const STAGES: Readonly<Record<string, string>> = {
  '1': 'it can be made to work; nothing is known yet of what it tells about patients',
  '2': 'its numbers tell patients from controls, or go with a standard, in studies of selected groups',
  '3': 'it has been shown to change what readers think of a diagnosis',
  '4': 'it has been shown to change how patients are treated',
  '5': 'it has been shown to matter for what becomes of patients',
  '6': 'its benefit to society outweighs its cost',
}

const REFERENCES = {
  schweitzer2016:
    'Schweitzer M. Stages of technical efficacy: Journal of Magnetic Resonance Imaging style. J Magn Reson Imaging 2016;44:781-782. doi:10.1002/jmri.25417',
  fryback1991:
    'Fryback DG, Thornbury JR. The efficacy of diagnostic imaging. Med Decis Making 1991;11:88-94. doi:10.1177/0272989X9101100203',
  vanhoudt2026:
    'van Houdt PJ, Václavů L, Sourbron S, et al. ESR Essentials: perfusion MRI, practice recommendations by the European Society for Magnetic Resonance in Medicine and Biology. Eur Radiol 2026. doi:10.1007/s00330-025-12306-5',
} as const

/**
 * The stage of technical efficacy of the run's technique, what that stage means, and what it allows a reader to conclude;
 * null for what is no technique of its own.
 *
 * @param record - the run
 * @param cites - the references of the page
 */
export function stageSection({ stage }: RunRecord, cites: Citations): Markup | null {
  if (stage === null) return null
  const levels = stage.stage.split(/[^0-9]+/).flatMap(level => {
    const says = STAGES[level]
    return says === undefined ? [] : [html`<p>At stage ${level} of 6, ${says}.</p>`]
  })
  const allows = stage.allows.replace(/\.$/, '')
  return html`<p><strong>Technical efficacy: stage ${stage.stage}.</strong> ${allows.charAt(0).toUpperCase() + allows.slice(1)}.</p>${levels}
<p class="small muted">The stage is that of the technique, as the recommendations grade it ${cites.cite(['vanhoudt2026', 'schweitzer2016', 'fryback1991'], REFERENCES)}, not of this scan: protocol check and quality below say how far this scan comes up to it.</p>`
}
