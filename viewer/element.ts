/** An element with attributes and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

/** What the page's element of JSON with an id holds; null where there is none. */
export function dataOf<T>(id: string): T | null {
  const text = document.getElementById(id)?.textContent
  if (!text) return null
  const value: T = JSON.parse(text)
  return value
}
