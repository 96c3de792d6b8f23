/** A source of random numbers: each call gives the next. */
export interface Random {
  /** Uniform in [0, 1) [1]. */
  uniform(): number
  /** Normal with mean 0 and standard deviation 1 [1]. */
  normal(): number
}

/**
 * Four 32-bit words from a text, each dependent on every character.
 *
 * @param text - any text; the same gives the same words
 */
export function hashText(text: string): [number, number, number, number] {
  let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762]
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i)
    a = b ^ Math.imul(a ^ k, 597399067)
    b = c ^ Math.imul(b ^ k, 2869860233)
    c = d ^ Math.imul(c ^ k, 951274213)
    d = a ^ Math.imul(d ^ k, 2716044179)
  }
  a = Math.imul(c ^ (a >>> 18), 597399067)
  b = Math.imul(d ^ (b >>> 22), 2869860233)
  c = Math.imul(a ^ (c >>> 17), 951274213)
  d = Math.imul(b ^ (d >>> 19), 2716044179)
  return [(a ^ b ^ c ^ d) >>> 0, (b ^ a) >>> 0, (c ^ a) >>> 0, (d ^ a) >>> 0]
}

/**
 * A generator of random numbers (sfc32) that starts from a text.
 *
 * @remarks
 * 32-bit integer arithmetic only, and for normal numbers Marsaglia's polar method, which needs `log` and `sqrt` but no
 * `sin` or `cos`: those differ in their last bits between versions of Node, these do not. So the same seed gives the
 * same numbers everywhere.
 *
 * @param seed - any text, for instance the name of a run; or a number
 *
 * @see Marsaglia & Bray, SIAM Rev 6:260 (1964), doi:10.1137/1006063
 */
export function createRandom(seed: string | number): Random {
  let [a, b, c, counter] = hashText(String(seed))
  const word = () => {
    const t = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 15; i++) word()
  const uniform = () => word() / 4294967296
  let spare: number | null = null
  const normal = () => {
    if (spare !== null) {
      const kept = spare
      spare = null
      return kept
    }
    for (;;) {
      const u = 2 * uniform() - 1
      const v = 2 * uniform() - 1
      const s = u * u + v * v
      if (s > 0 && s < 1) {
        const scale = Math.sqrt((-2 * Math.log(s)) / s)
        spare = v * scale
        return u * scale
      }
    }
  }
  return { uniform, normal }
}
