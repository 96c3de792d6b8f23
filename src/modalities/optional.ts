import { OPTIONS } from '../options.ts'
import type { Parameter } from '../report/record.ts'
import type { Unit } from '../units.ts'
import type { Run } from './modality.ts'

/** Options that have a default. */
type Defaulted = {
  [N in keyof typeof OPTIONS]: (typeof OPTIONS)[N] extends { default: unknown } ? N : never
}[keyof typeof OPTIONS]

/**
 * A choice that an option may change from its default, as a parameter of the run.
 *
 * @param run - for the value of the option
 * @param option - the option
 * @param name - name of the parameter in the sidecar
 * @param meaning - for the report
 * @param unit - unit of the value
 * @param defaultSource - what stands behind the default: a DOI, or `perfquant`
 */
export function optional(
  run: Run,
  option: Defaulted,
  name: string,
  meaning: string,
  unit: Unit,
  defaultSource = 'perfquant',
): Parameter {
  const value = run.options[option]
  const isDefault = value === OPTIONS[option].default
  return {
    name,
    meaning,
    value,
    unit,
    ...(isDefault ? { source: 'default', defaultSource } : { source: 'option', from: `--${option}` }),
  }
}
