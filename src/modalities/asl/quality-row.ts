import type { QualityValue } from '../../report/record.ts'

/** A quality figure; a number that there is not is null. */
export function row(
  name: string,
  label: string,
  value: number,
  unit: QualityValue['unit'],
  says: string,
  expected?: readonly [number, number],
): QualityValue {
  return { name, label, value: Number.isFinite(value) ? value : null, unit, says, ...(expected ? { expected } : {}) }
}

/** Share of values for which something holds [%]. */
export function percent(values: Float64Array, is: (value: number) => boolean): number {
  return (100 * values.filter(is).length) / values.length
}
