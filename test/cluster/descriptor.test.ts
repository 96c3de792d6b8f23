import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { descriptor } from '../../src/boutiques.ts'
import { parseCommand } from '../../src/command.ts'
import { OPTIONS, type OptionSpec } from '../../src/options.ts'

/** The Boutiques descriptor: of the form that its specification (schema 0.5) asks for, and of the command as it is. */

interface Input {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly description: string
  readonly list?: boolean
  readonly minimum?: number
  readonly 'value-key': string
  readonly 'command-line-flag'?: string
  readonly 'value-choices'?: readonly string[]
}

interface Descriptor {
  readonly name: string
  readonly 'tool-version': string
  readonly 'command-line': string
  readonly inputs: readonly Input[]
  readonly 'output-files': readonly { readonly id: string; readonly 'path-template': string }[]
  readonly 'error-codes': readonly { readonly code: number; readonly description: string }[]
  readonly custom: unknown
}

const { version }: { readonly version: string } = JSON.parse(readFileSync('package.json', 'utf8'))
const text = descriptor(version)
const described: Descriptor = JSON.parse(text)
const words = described['command-line'].split(' ')

/** Fields that the schema allows, and those that it requires. */
const TOOL = [
  'name',
  'description',
  'tool-version',
  'schema-version',
  'command-line',
  'inputs',
  'output-files',
  'error-codes',
  'custom',
]
const INPUT = [
  'id',
  'name',
  'type',
  'optional',
  'list',
  'command-line-flag',
  'value-key',
  'description',
  'value-choices',
  'minimum',
  'maximum',
]

describe('the Boutiques descriptor', () => {
  it('has the fields of schema 0.5 and no others', () => {
    expect(Object.keys(described).sort()).toEqual([...TOOL].sort())
    expect(JSON.parse(text)).toMatchObject({ 'schema-version': '0.5', 'tool-version': version })
    for (const input of described.inputs) {
      expect(INPUT, input.id).toEqual(expect.arrayContaining(Object.keys(input)))
      expect(input.id).toMatch(/^\w+$/)
      expect(input.name.length * input.description.length, input.id).toBeGreaterThan(0)
      expect(['String', 'Number', 'Flag'], input.id).toContain(input.type)
      if (input.type === 'Flag') {
        expect(input['command-line-flag'], input.id).toMatch(/^--/)
        expect([input.list, input['value-choices']], input.id).toEqual([undefined, undefined])
      }
      if (input.minimum !== undefined) expect(input.type, input.id).toBe('Number')
    }
    for (const { code, description } of described['error-codes']) {
      expect(Number.isInteger(code)).toBe(true)
      expect(description).not.toBe('')
    }
  })

  it('has every option once, and the ids that the execution specification asks for', () => {
    const ids = described.inputs.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.slice(0, 3)).toEqual(['InputDataset', 'OutputLocation', 'AnalysisLevel'])
    expect(described.custom).toEqual({ BIDSAppSpecVersion: '0.1.0' })
    expect(described.inputs.slice(3).map(({ name }) => name)).toEqual(Object.keys(OPTIONS))
  })

  it('has each key once in its command line, where the positionals come first', () => {
    const keys = described.inputs.map(input => input['value-key'])
    expect(words).toEqual(['perfquant', ...keys])
    // A key that is part of another would be filled with the other's value.
    for (const key of keys) expect(keys.filter(other => other.includes(key))).toEqual([key])
    expect(described['output-files'][0]?.['path-template']).toBe('[OUTPUT_LOCATION]')
  })

  it('gives command lines that the program understands, with every option in turn', () => {
    for (const input of described.inputs.slice(3)) {
      const spec: OptionSpec | undefined = Object.entries<OptionSpec>(OPTIONS).find(
        ([name]) => name === input.name,
      )?.[1]
      if (!spec || ['config-file', 'json', 'output-spaces', 'hematocrit'].includes(input.name)) continue
      const value = input['value-choices']?.[0] ?? String(input.minimum ?? spec.range?.[0] ?? '1000')
      const flag = input['command-line-flag'] ?? ''
      const call = ['/in', '/out', 'participant', ...(input.type === 'Flag' ? [flag] : [flag, value])]
      expect(parseCommand(call, () => '').kind, call.join(' ')).toBe('run')
    }
  })

  it('is what nipoppy is given', async () => {
    await expect(text).toMatchFileSnapshot('../../containers/nipoppy/descriptor.json')
  })
})
