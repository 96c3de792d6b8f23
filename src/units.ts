/**
 * The closed list of units that a map, a table column or a parameter may carry, as BIDS spells them.
 *
 * Inside the program only house units are used: seconds, radians, mM, fractions (`1`), 1/s, mm and mm^2/s.
 * The other units appear where metadata come in (`acquisition`) and where a result is built.
 */
export const UNITS = [
  '1',
  's',
  'mm',
  'rad',
  '1/s',
  '1/min',
  'mM',
  'mM*s',
  'mm^2/s',
  's/mm^2',
  'mL/100g/min',
  'mL/100g',
  'mL/100mL/min',
  '%',
  '%/s',
  'T',
  'deg',
  'mL/g',
  'mL/g/s',
  'g/mL',
  '1/s/mM',
  '1/s/mM^2',
  'mL',
  'mL/s',
  'mmol/kg',
  'mL/min',
  'year',
  'a.u.',
] as const

/** A unit of the list. */
export type Unit = (typeof UNITS)[number]

/** Flow per mass in the report's unit over that in the house unit: 100 g times 60 s, [mL/100g/min] over [mL/g/s]. */
export const PER_100G_PER_MIN = 6000

/** Volume per mass of tissue in the report's unit over that in the house unit [mL/100g] over [mL/g]. */
export const PER_100G = 100
