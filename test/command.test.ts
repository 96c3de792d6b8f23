import { describe, expect, it } from 'vitest'
import { formatOptions, helpText, parseCommand, parseMemory } from '../src/command.ts'
import { defaultOptions, OPTIONS, type OptionSpec } from '../src/options.ts'

const noFile = (): string => {
  throw new Error('ENOENT: no such file')
}
const parse = (line: string, toml?: string) =>
  parseCommand(line.split(' ').filter(Boolean), toml === undefined ? noFile : () => toml)
const usage = (line: string, toml?: string) => {
  const command = parse(line, toml)
  return command.kind === 'usage' ? `${command.code} ${command.message}` : `no usage error: ${command.kind}`
}
const options = (line: string, toml?: string) => {
  const command = parse(`/in /out participant ${line}`, toml)
  if (command.kind !== 'run') throw new Error(JSON.stringify(command))
  return command.options
}

describe('the command line', () => {
  it('takes input, output and levels, several in one call, in their order of work', () => {
    expect(parse('/in /out group participant')).toMatchObject({
      kind: 'run',
      input: '/in',
      output: '/out',
      levels: ['participant', 'group'],
    })
  })

  it('accepts every spelling of every option', () => {
    const example = (spec: OptionSpec) =>
      spec.type === 'flag'
        ? []
        : spec.choices
          ? [spec.choices[0]]
          : spec.type === 'number'
            ? [String(spec.default ?? spec.range?.[1] ?? 1)]
            : ['1000']
    for (const [name, spec] of Object.entries<OptionSpec>(OPTIONS)) {
      if (['config-file', 'verbose', 'output-spaces', 'json', 'hematocrit'].includes(name)) continue
      for (const spelling of [name, ...(spec.alias ?? [])]) {
        const dash = spelling.length === 1 ? '-' : '--'
        const command = parseCommand(
          ['/in', '/out', 'participant', dash + spelling, ...example(spec).map(String)],
          noFile,
        )
        expect(command.kind, `${dash}${spelling}: ${JSON.stringify(command)}`).toBe('run')
        if (command.kind === 'run') expect(command.options[name as keyof typeof OPTIONS], spelling).toBeDefined()
      }
    }
  })

  it('keeps labels as they are written', () => {
    expect(options('--participant-label 001 sub-02')['participant-label']).toEqual(['001', 'sub-02'])
    expect(options('--session-id 01')['session-label']).toEqual(['01'])
  })

  it('counts -v', () => {
    expect([options('').verbose, options('-v').verbose, options('-vv').verbose]).toEqual([0, 1, 2])
  })

  it('says what is wrong, and with which code', () => {
    expect(usage('/in /out subject')).toMatch(/^17 analysis level 'subject'/)
    expect(usage('/in /out')).toMatch(/^64 three positionals/)
    expect(usage('--participant-label 01 /in /out participant')).toMatch(/^64 the three positionals come first/)
    expect(usage('/in /out participant --nproc 2')).toMatch(/^64 unknown option.*nproc/)
    expect(usage('/in /out participant --nprocs two')).toMatch(/^64 --nprocs is 'two'/)
    expect(usage('/in /out participant --nprocs 0')).toMatch(/^64 --nprocs is 0; it must lie between 1/)
    expect(usage('/in /out participant --mem 8')).toMatch(/^64 --mem is 8, which means 8 MB; for GB write 8G/)
    expect(usage('/in /out participant --output-spaces MNI152NLin2009cAsym')).toMatch(
      /^64 .*template spaces are not made; use native/,
    )
    expect(usage('/in /out participant --asl-t1-blood high')).toMatch(
      /^64 --asl-t1-blood is 'high'; a number is needed \(or hct\)/,
    )
    expect(usage('/in /out participant --json')).toMatch(/^64 --json goes with --dry-run/)
    expect(usage('/in /out participant --mask')).toMatch(/^64 /)
    expect(usage('/in /out participant --dry-run extra')).toMatch(/^64 'extra' is not expected/)
    expect(usage('/in /out participant --asl-m0-fwhm 5 --asl-m0-fwhm 6')).toMatch(/^64 --asl-m0-fwhm is given 2 times/)
  })

  it('reads memory with its unit', () => {
    const memory = (line: string) => parseMemory(options(line))
    expect(memory('--mem 4000')).toBe(4e9)
    expect(memory('--mem-mb 16G')).toBe(16e9)
    expect(memory('--mem_gb 2.5')).toBe(2.5e9)
    expect(memory('')).toBeUndefined()
  })

  it('lets the command line win over the TOML file', () => {
    const toml = '[execution]\nnprocs = 3\nparticipant_label = ["001"]\n[asl]\nm0-fwhm = 0\nasl-lambda = 0.88\n'
    const read = options('--config-file x.toml --nprocs 2', toml)
    expect(read).toMatchObject({ nprocs: 2, 'participant-label': ['001'], 'asl-m0-fwhm': 0, 'asl-lambda': 0.88 })
    expect(usage('/in /out participant --config-file x.toml', '[asl]\nm0fwhm = 1')).toMatch(
      /^64 .*\[asl\] m0fwhm is not an option/,
    )
    expect(usage('/in /out participant --config-file x.toml', '[dwi]\na = 1')).toMatch(/^64 .*\[dwi\] is not a section/)
    expect(usage('/in /out participant --config-file x.toml', 'a = ')).toMatch(/^64 --config-file x.toml/)
    expect(usage('/in /out participant --config-file x.toml')).toMatch(/^64 .*ENOENT/)
  })

  it('writes options that it reads back', () => {
    const asked = options('--asl-m0-fwhm 0 --participant-label 001 --motion-correction off --asl-t1-blood hct')
    expect(options('--config-file x.toml', formatOptions(asked))).toEqual({ ...asked, 'config-file': 'x.toml' })
  })

  it('freezes the options', () => {
    expect(Object.isFrozen(options(''))).toBe(true)
    expect(Object.isFrozen(defaultOptions())).toBe(true)
  })

  it('says once what an option of other programs does here', () => {
    const command = parse('/in /out participant --notrack --omp-nthreads 4')
    expect(command.kind === 'run' && command.notes).toEqual([
      expect.stringContaining('nothing is ever sent'),
      expect.stringContaining('a run is one thread'),
    ])
  })

  it('helps', async () => {
    const help = await helpText()
    for (const name of Object.keys(OPTIONS)) expect(help).toContain(`--${name}`)
  })
})
