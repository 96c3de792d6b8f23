import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exists, readText } from './disk.ts'

/** Folder of the templates: beside `dist/` in a package, beside `src/` in a checkout. */
export function templateFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!exists(join(folder, 'bids_templates'))) {
    const above = dirname(folder)
    if (above === folder) throw new Error('bids_templates is not beside the program: the installation is incomplete')
    folder = above
  }
  return join(folder, 'bids_templates')
}

/** A file that the build puts beside the program, as text. */
export function assetText(name: string): string {
  return readText(join(templateFolder(), '../dist', name))
}

/** A template file as text. */
export function templateText(name: string): string {
  return readText(join(templateFolder(), name))
}

/** A JSON template. */
export function template(name: string): Readonly<Record<string, unknown>> {
  const value: Readonly<Record<string, unknown>> = JSON.parse(templateText(name))
  return value
}
