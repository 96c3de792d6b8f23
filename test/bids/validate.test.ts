import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { filesToValidate } from '../../src/bids/dataset.ts'
import { runValidator, type ValidatorIssue, validationProblems } from '../../src/bids/validate.ts'
import { type Content, datasetAt, makeTree } from './tree.ts'

/** A NIfTI-1 file of 2 × 2 × 2 × frames voxels, 3 mm, 4 s a volume. */
function nifti(frames: number): Uint8Array {
  const bytes = new Uint8Array(352 + 8 * frames)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, 348, true)
  for (const [at, value] of [frames > 1 ? 4 : 3, 2, 2, 2, frames, 1, 1, 1].entries())
    view.setInt16(40 + 2 * at, value, true)
  view.setInt16(70, 2, true)
  view.setInt16(72, 8, true)
  for (const [at, value] of [1, 3, 3, 3, 4, 0, 0, 0].entries()) view.setFloat32(76 + 4 * at, value, true)
  view.setFloat32(108, 352, true)
  view.setUint8(123, 10)
  view.setInt16(254, 1, true)
  for (let row = 0; row < 3; row++) view.setFloat32(280 + 20 * row, 3, true)
  bytes.set([0x6e, 0x2b, 0x31], 344)
  return gzipSync(bytes)
}

const sidecar = {
  Manufacturer: 'Siemens',
  MagneticFieldStrength: 3,
  MRAcquisitionType: '3D',
  EchoTime: 0.014,
  RepetitionTimePreparation: 4,
  ArterialSpinLabelingType: 'PCASL',
  PostLabelingDelay: 1.8,
  LabelingDuration: 1.8,
  BackgroundSuppression: false,
  M0Type: 'Absent',
  TotalAcquiredPairs: 1,
}

const valid: Readonly<Record<string, Content>> = {
  'dataset_description.json': {
    Name: 'test',
    BIDSVersion: '1.10.1',
    DatasetType: 'raw',
    License: 'CC0',
    Authors: ['A'],
  },
  README: 'A dataset made by a test. '.repeat(10),
  'participants.tsv': 'participant_id\nsub-01\n',
  'sub-01/perf/sub-01_asl.nii.gz': nifti(2),
  'sub-01/perf/sub-01_asl.json': sidecar,
  'sub-01/perf/sub-01_aslcontext.tsv': 'volume_type\ncontrol\nlabel\n',
}

/** The bundle as the build makes it; made here where the program is not built. */
let bundle = ''
beforeAll(async () => {
  bundle = join(import.meta.dirname, '../../dist/vendor/bids-schema-validator.mjs')
  if (existsSync(bundle)) return
  const folder = makeTree({})
  const source = dirname(createRequire(import.meta.url).resolve('bids-validator/package.json'))
  await build({
    bundle: false,
    platform: 'node',
    format: 'esm',
    legalComments: 'none',
    entryPoints: { 'bids-schema-validator': join(source, 'dist/validator/main.js') },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
  })
  bundle = join(folder, 'bids-schema-validator.mjs')
})

const validate = async (files: Readonly<Record<string, Content>>) => {
  const dataset = datasetAt(makeTree(files))
  const { issues, schemaVersion } = await runValidator(dataset.root, filesToValidate(dataset), bundle)
  expect(schemaVersion).toMatch(/^\d/)
  return issues.filter(({ severity }) => severity === 'error')
}
const asl = 'sub-01/perf/sub-01_asl.nii.gz'

describe('runValidator', () => {
  it('finds no error in a valid dataset, says nothing, and gives plain JSON', async () => {
    const spies = (['log', 'warn', 'error', 'info', 'debug'] as const).map(method =>
      vi.spyOn(console, method).mockImplementation(() => {}),
    )
    const issues = await validate(valid)
    for (const spy of spies) expect(spy).not.toHaveBeenCalled()
    vi.restoreAllMocks()
    expect(issues).toEqual([])
    expect(JSON.parse(JSON.stringify(issues))).toEqual(issues)
  })

  it('finds a missing field, and the run that reads the file is refused', async () => {
    const { PostLabelingDelay: _, ...without } = sidecar
    const issues = await validate({ ...valid, 'sub-01/perf/sub-01_asl.json': without })
    const problems = validationProblems(issues, new Set([asl]), new Set())
    expect(problems).toMatchObject([{ code: 'VALIDATION_FAILED', severity: 'error', file: asl }])
    expect(problems[0]?.message).toContain('SIDECAR_KEY_REQUIRED PostLabelingDelay')
    expect(validationProblems(issues, new Set(['sub-02/perf/sub-02_asl.nii.gz']), new Set())).toEqual([])
  })

  it('does not know contrast series, which discovery does, unless .bidsignore lists them', async () => {
    const dsc = 'sub-01/perf/sub-01_dsc.nii.gz'
    const files = { ...valid, [dsc]: nifti(30), 'sub-01/perf/sub-01_dsc.json': { EchoTime: 0.03 } }
    const issues = await validate(files)
    const read = new Set([dsc, 'sub-01/perf/sub-01_dsc.json'])
    expect(validationProblems(issues, read, new Set()).length).toBeGreaterThan(0)
    expect(validationProblems(issues, read, read)).toEqual([])
    expect(await validate({ ...files, '.bidsignore': '**/perf/*dsc*\n' })).toEqual([])
  })

  it('judges nothing in files whose content is not here', async () => {
    const link = { link: '../../.git/annex/objects/x' }
    const t1w = 'sub-01/anat/sub-01_T1w'
    const files = { ...valid, [asl]: link, [`${t1w}.nii.gz`]: link, [`${t1w}.json`]: { link: 'nowhere' } }
    const issues = await validate(files)
    expect(issues.filter(({ code }) => code !== 'PARTICIPANT_ID_MISMATCH')).toEqual([])
  })

  it.each([
    ['truncated', nifti(2).subarray(0, 60)],
    ['no gzip stream', new TextEncoder().encode('x'.repeat(2000))],
    ['of another kind', gzipSync('hello')],
  ])('reports a compressed image that is %s, and ends', async (_, content) => {
    const issues = await validate({ ...valid, [asl]: content })
    expect(issues).toContainEqual(expect.objectContaining({ code: 'NIFTI_HEADER_UNREADABLE', location: `/${asl}` }))
  })

  it('throws where the bundle is none', async () => {
    await expect(runValidator('/', [], join(makeTree({ 'x.mjs': 'export {}' }), 'x.mjs'))).rejects.toThrow(
      'not the bundle',
    )
  })
})

describe('validationProblems', () => {
  const issue = (code: string, more: Partial<ValidatorIssue> = {}): ValidatorIssue => ({
    code,
    severity: 'error',
    location: `/${asl}`,
    ...more,
  })
  const problems = (...issues: ValidatorIssue[]) => validationProblems(issues, new Set([asl]), new Set())

  it('names file, code, what was said, rule and remedy, once', () => {
    const one = issue('CHECK', { subCode: 'SUB', issueMessage: 'Values differ.\n', rule: 'rules.checks.asl.X' })
    expect(problems(one, one).map(({ message }) => message)).toEqual([
      `${asl}: the BIDS validator reports CHECK SUB (Values differ), rule rules.checks.asl.X; correct the file, or run with --skip-bids-validation.`,
    ])
  })

  it.each([
    ['a warning', issue('X', { severity: 'warning' })],
    ['an error elsewhere', issue('X', { location: '/sub-02/perf/sub-02_asl.nii.gz' })],
    ['an error of the dataset', { code: 'MISSING_DATASET_DESCRIPTION', severity: 'error' }],
    ['a recommendation', issue('SIDECAR_KEY_RECOMMENDED')],
    ['participants that are not here', issue('PARTICIPANT_ID_MISMATCH')],
    ['the README', issue('README_FILE_MISSING')],
    ['the authors', issue('TOO_FEW_AUTHORS')],
    ['a sidecar of an ignored image', issue('SIDECAR_WITHOUT_DATAFILE')],
  ])('passes over %s', (_, one) => {
    expect(problems(one)).toEqual([])
  })
})
