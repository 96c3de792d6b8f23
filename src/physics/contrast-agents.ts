import type { Constant } from './constants.ts'

const ROHRER_2005 = 'doi:10.1097/01.rli.0000184756.66360.d3'
const SZOMOLANYI_2019 = 'doi:10.1097/RLI.0000000000000577'

/** Names of agents, and r1 in plasma at 37 °C, at 1.5 and 3 T [1/s/mM]. */
const AGENTS = {
  gadobutrol: [/gadobutrol|gadovist|gadavist/i, 5.2, 5],
  gadoterate: [/gadoter(ate|ic)|dotarem|clariscan|gd-?dota/i, 3.6, 3.5],
  gadoteridol: [/gadoteridol|prohance/i, 4.1, 3.7],
  gadopentetate: [/gadopentet|magnevist|gd-?dtpa(?!-bma)/i, 4.1, 3.7],
  gadobenate: [/gadoben|multihance|gd-?bopta/i, 6.3, 5.5],
  gadodiamide: [/gadodiamide|omniscan|gd-?dtpa-bma/i, 4.3, 4],
  gadoversetamide: [/gadoversetamide|optimark/i, 4.7, 4.5],
  gadoxetate: [/gadoxet|primovist|eovist|gd-?eob/i, 8.1, 6.4],
} as const satisfies Record<string, readonly [RegExp, number, number]>

/** A contrast agent whose relaxivity is known. */
export type AgentName = keyof typeof AGENTS

const NAMES = Object.keys(AGENTS).filter((name): name is AgentName => name in AGENTS)

/** Relaxivity that is assumed of an agent that is not known [1/s/mM]: that of the QIBA phantoms. */
export const UNKNOWN_RELAXIVITY: Constant = { value: 4.5, unit: '1/s/mM', source: 'perfquant', plausible: [3, 7] }

/**
 * The agent that a text names by its generic or brand name; null for one that is not known.
 *
 * @param text - `gadobutrol`, `Gadovist 1.0`, …
 */
export function agentOf(text: string): AgentName | null {
  return NAMES.find(name => AGENTS[name][0].test(text)) ?? null
}

/**
 * Longitudinal relaxivity of an agent in plasma at 37 °C [1/s/mM].
 *
 * @remarks
 * The value at 1.5 T up to 2.2 T, that at 3 T above: relaxivity falls by a tenth between them and little beyond.
 *
 * @param agent - the agent
 * @param tesla - strength of the main field [T]
 *
 * @see Rohrer et al., Invest Radiol 40:715 (2005), doi:10.1097/01.rli.0000184756.66360.d3
 * @see Szomolanyi et al., Invest Radiol 54:559 (2019), doi:10.1097/RLI.0000000000000577
 */
export function relaxivityOf(agent: AgentName, tesla: number): Constant {
  const [, low, high] = AGENTS[agent]
  const isLow = tesla < 2.25
  const value = isLow ? low : high
  return {
    value,
    unit: '1/s/mM',
    source: isLow ? ROHRER_2005 : SZOMOLANYI_2019,
    plausible: [0.7 * value, 1.4 * value],
  }
}
