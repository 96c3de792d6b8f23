import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { OPTIONS, type OptionSpec } from '../../src/options.ts'
import { PROBLEMS, type ProblemKind } from '../../src/problems.ts'
import { UNITS } from '../../src/units.ts'

/** Pages that are made from the tables of the program: `npx vitest run test/house/docs.test.ts -u` writes them anew. */

const row = (...cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`

function optionsPage(): string {
  const section = (name: string, title: string) => [
    `## ${title}`,
    '',
    row('option', 'meaning', 'default'),
    row('---', '---', '---'),
    ...Object.entries<OptionSpec>(OPTIONS)
      .filter(([, spec]) => spec.section === name)
      .map(([option, spec]) => {
        const spellings = [option, ...(spec.alias ?? [])]
          .map(word => `\`${word.length === 1 ? '-' : '--'}${word}\``)
          .join(' ')
        const choices = spec.choices
          ? `; one of ${spec.choices.filter(choice => !spec.notYet?.[choice]).join(', ')}`
          : ''
        const range = spec.range ? `; ${spec.range[0]} to ${spec.range[1]}` : ''
        const later = Object.values(spec.notYet ?? {})
          .map(text => `; ${text}`)
          .join('')
        return row(
          spellings,
          `${spec.describe}${spec.unit ? ` [${spec.unit}]` : ''}${choices}${range}${later}`,
          spec.default === undefined ? '' : `\`${spec.default}\``,
        )
      }),
    '',
  ]
  return [
    '# Options',
    '',
    'The three positionals come first: `perfquant BIDS_DIR OUTPUT_DIR participant [group] [options]`. Every option may stand in a',
    'TOML file (`--config-file`), in the section of its heading; the command line wins. The options that counted are written to',
    '`logs/<run id>/perfquant.toml`, which `--config-file` reads back.',
    '',
    ...section('execution', 'General: `[execution]`'),
    ...section('asl', 'ASL: `[asl]`'),
    ...section('dsc', 'DSC: `[dsc]`'),
    ...section('dce', 'DCE: `[dce]`'),
    ...section('ivim', 'IVIM: `[ivim]`'),
  ].join('\n')
}

function problemsPage(): string {
  const kinds = Object.entries<ProblemKind>(PROBLEMS)
  const meaning = {
    error: 'The run is refused; the others go on.',
    partial: 'A part of the outputs is refused, the rest is written.',
    warning: 'The numbers stand; know this before you trust them.',
    info: 'A choice that was made.',
  }
  return [
    '# Problems',
    '',
    'Each problem is one sentence that names file, field, value and remedy, with a code that can be searched for here.',
    '',
    ...Object.entries(meaning).flatMap(([severity, text]) => [
      `## ${severity}`,
      '',
      text,
      '',
      row('code', 'meaning'),
      row('---', '---'),
      ...kinds.filter(([, kind]) => kind.severity === severity).map(([code, kind]) => row(`\`${code}\``, kind.says)),
      '',
    ]),
  ].join('\n')
}

describe('pages made from tables', () => {
  it('options', async () => {
    await expect(optionsPage()).toMatchFileSnapshot('../../docs/options.md')
  })

  it('problems', async () => {
    await expect(problemsPage()).toMatchFileSnapshot('../../docs/problems.md')
  })
})

describe('the templates', () => {
  const maps = readdirSync('bids_templates/maps')
  it.each(maps)('%s says what the map is, in which unit', file => {
    const words: Record<string, unknown> = JSON.parse(readFileSync(`bids_templates/maps/${file}`, 'utf8'))
    expect(words['LongName']).toEqual(expect.any(String))
    expect(words['Description']).toEqual(expect.any(String))
    expect(UNITS).toContain(words['Units'])
  })

  it('say what each desc- means', () => {
    const described = Object.keys(JSON.parse(readFileSync('bids_templates/descriptions.json', 'utf8')) as object)
    const plans = readdirSync('test/expected')
      .filter(name => name.startsWith('plan'))
      .map(name => readFileSync(`test/expected/${name}`, 'utf8'))
      .join()
    for (const [, desc] of plans.matchAll(/_desc-([A-Za-z0-9]+)_/g)) expect(described).toContain(desc)
  })
})

describe('the documents', () => {
  const pages = [
    'README.md',
    'CHANGELOG.md',
    ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.md'))
      .map(name => `docs/${name}`),
  ]
  it.each(pages)('%s links to what is there', page => {
    const text = readFileSync(page, 'utf8')
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g))
      expect(() => readdirSync('.') && readFileOrFolder(page, target), `${page} -> ${target}`).not.toThrow()
  })

  it('name only options that exist', () => {
    const names = Object.entries<OptionSpec>(OPTIONS).flatMap(([name, spec]) => [name, ...(spec.alias ?? [])])
    const others = [
      'help',
      'version',
      'bids-exec-spec',
      'keep',
      'subjects',
      'sessions',
      'snr',
      'b-set',
      'seed',
      'dependency',
      'no-recommends',
    ]
    for (const page of pages)
      for (const [, name = ''] of readFileSync(page, 'utf8').matchAll(/`?perfquant [^`\n]*--([a-z][a-z-]+)/g))
        expect([...names, ...others], `${page}: --${name}`).toContain(name)
  })
})

function readFileOrFolder(page: string, target: string): void {
  const path = new URL(target, new URL(page, `file://${process.cwd()}/`))
  try {
    readFileSync(path)
  } catch {
    readdirSync(path)
  }
}
