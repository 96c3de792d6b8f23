import { describeOption, OPTIONS, type OptionSpec } from './options.ts'

/** What the exit codes mean, for the descriptor. */
const ERROR_CODES = [
  [1, 'At least one run was refused or failed; the rest is written'],
  [16, 'All runs refused by BIDS validation'],
  [17, 'Unknown analysis level'],
  [18, 'The selection holds no run'],
  [64, 'The command line is wrong'],
  [65, 'All runs refused for unusable data'],
  [66, 'The dataset, or a file that all runs need, is missing or not fetched'],
  [73, 'The output folder cannot be created or written'],
  [74, 'The output disk is full or failing'],
  [75, 'Stopped, locked or out of memory; the same call continues'],
].map(([code, description]) => ({ code, description }))

/**
 * The Boutiques descriptor of the command, generated from the option table.
 *
 * @param version - of the program
 */
export function descriptor(version: string): string {
  const inputs: Record<string, unknown>[] = [
    {
      id: 'InputDataset',
      name: 'BIDS dataset',
      type: 'String',
      'value-key': '[INPUT_DATASET]',
      description: 'Root folder of the BIDS dataset',
    },
    {
      id: 'OutputLocation',
      name: 'Output folder',
      type: 'String',
      'value-key': '[OUTPUT_LOCATION]',
      description: 'Folder of the derivative dataset',
    },
    {
      id: 'AnalysisLevel',
      name: 'Analysis level',
      type: 'String',
      'value-key': '[ANALYSIS_LEVEL]',
      list: true,
      'value-choices': ['participant', 'group'],
      description: 'Levels to run',
    },
  ]
  const keys = ['[INPUT_DATASET]', '[OUTPUT_LOCATION]', '[ANALYSIS_LEVEL]']
  for (const [name, spec] of Object.entries<OptionSpec>(OPTIONS)) {
    const key = `[${name.toUpperCase().replaceAll('-', '_')}]`
    keys.push(key)
    inputs.push({
      id: name.replaceAll('-', '_'),
      name,
      type:
        spec.type === 'flag' || spec.type === 'count'
          ? 'Flag'
          : spec.type === 'number' && spec.word === undefined
            ? 'Number'
            : 'String',
      optional: true,
      'command-line-flag': `--${name}`,
      'value-key': key,
      // No `default-value`: Boutiques would put it on the command line, where it counts as the user's choice.
      description: describeOption(spec),
      ...(spec.type === 'strings' ? { list: true } : {}),
      ...(spec.choices ? { 'value-choices': spec.choices.filter(choice => !spec.notYet?.[choice]) } : {}),
      ...(spec.type === 'number' && spec.range && spec.word === undefined
        ? { minimum: spec.range[0], maximum: spec.range[1] }
        : {}),
    })
  }
  return `${JSON.stringify(
    {
      name: 'perfquant',
      description: 'BIDS App for perfusion MRI: quantitative maps, reports and group tables',
      'tool-version': version,
      'schema-version': '0.5',
      'command-line': `perfquant ${keys.join(' ')}`,
      inputs,
      'output-files': [
        {
          id: 'OutputDataset',
          name: 'Derivative dataset',
          'path-template': '[OUTPUT_LOCATION]',
          description: 'Maps, sidecars, reports and tables',
        },
      ],
      'error-codes': ERROR_CODES,
      custom: { BIDSAppSpecVersion: '0.1.0' },
    },
    null,
    2,
  )}\n`
}
