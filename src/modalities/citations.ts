/** How the paragraphs of a slice cite its references. */
export interface Citing<Key extends string> {
  /** A citation as paragraphs carry it: `[@key; @key]`. */
  cite(...keys: Key[]): string
  /** The references that paragraphs cite, by key. */
  citedIn(paragraphs: readonly string[]): Record<string, string>
}

/**
 * Citation by key from a table of references.
 *
 * @param references - key to reference text with its DOI; a key that is not there does not compile
 */
export function citing<Key extends string>(references: Readonly<Record<Key, string>>): Citing<Key> {
  return {
    cite: (...keys) => `[${keys.map(key => `@${key}`).join('; ')}]`,
    citedIn(paragraphs) {
      const text = paragraphs.join(' ')
      const cited = Object.entries<string>(references).filter(([key]) => new RegExp(`@${key}\\b`).test(text))
      return Object.fromEntries(cited)
    },
  }
}
