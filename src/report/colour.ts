/** Red, green and blue, each 0 to 255. */
export type Colour = readonly [number, number, number]

/** How many colours a map has in a figure: a byte, less the two indices that mean background and no estimate. */
export const LEVELS = 254

/** A colour map: its colours from low to high, and what is drawn where there is no value. */
export interface ColourMap {
  readonly levels: readonly Colour[]
  /** Where no estimate exists (NaN): a colour that the map itself does not hold. */
  readonly missing: Colour
}

const VIRIDIS =
  '440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725'
/** ColorBrewer RdBu, low is blue: told apart by all common kinds of colour blindness. */
const DIVERGING = '053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f'
/** Okabe and Ito, Color Universal Design (2008), the dark ones first: they carry curves on white. */
const CATEGORIES = '0072b2 d55e00 009e73 cc79a7 8a6d00 56b4e9 e69f00 555555'

function parse(hexadecimal: string): Colour {
  const part = (at: number) => Number.parseInt(hexadecimal.slice(at, at + 2), 16)
  return [part(0), part(2), part(4)]
}

function ramp(anchors: readonly Colour[]): Colour[] {
  return Array.from({ length: LEVELS }, (_, level) => {
    const at = (level / (LEVELS - 1)) * (anchors.length - 1)
    const low = Math.min(Math.floor(at), anchors.length - 2)
    const mix = (channel: 0 | 1 | 2) => {
      const from = anchors[low]![channel]
      return Math.round(from + (anchors[low + 1]![channel] - from) * (at - low))
    }
    return [mix(0), mix(1), mix(2)]
  })
}

const words = (list: string) => list.split(' ').map(parse)

/** The continuous colour maps by the name that a figure gives; all are readable without colour vision. */
export const MAPS: Readonly<Record<'grey' | 'viridis' | 'diverging', ColourMap>> = {
  grey: { levels: ramp(words('000000 ffffff')), missing: [196, 122, 142] },
  viridis: { levels: ramp(words(VIRIDIS)), missing: [166, 166, 166] },
  diverging: { levels: ramp(words(DIVERGING)), missing: [128, 128, 128] },
}

/** Colours of label values 1, 2, 3, … on black; a value beyond the list begins again. */
export const LABELS: ColourMap = {
  levels: words('56b4e9 e69f00 cc79a7 f0e442 009e73 d55e00 0072b2 ffffff'),
  missing: [166, 166, 166],
}

/** Colours of curves and groups on white, as CSS. */
export const SERIES: readonly string[] = CATEGORIES.split(' ').map(hexadecimal => `#${hexadecimal}`)

/** A colour as CSS. */
export function css(colour: Colour): string {
  return `#${colour.map(channel => channel.toString(16).padStart(2, '0')).join('')}`
}
