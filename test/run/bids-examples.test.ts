import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blankHeader, encodeImage } from '../../src/nifti/index.ts'
import { newFolder, perfquant, readJson } from './harness.ts'

/**
 * The metadata of the ASL examples of BIDS, with bodies of the right shape: what is planned, what is refused and how the
 * delays were read, whole.
 */

type Examples = { readonly datasets: Readonly<Record<string, Readonly<Record<string, string | null>>>> }
const { datasets } = readJson<Examples>('test/reference/bids-examples-asl.json')

/** The dataset with an image for each that it names: as many volumes and slices as its metadata describe. */
function write(name: string): string {
  const root = join(newFolder('examples'), name)
  const files = datasets[name] ?? {}
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text ?? body(path, files))
  }
  return root
}

function body(path: string, files: Readonly<Record<string, string | null>>): Uint8Array {
  const sidecar: { SliceTiming?: unknown[] } = JSON.parse(files[path.replace('.nii.gz', '.json')] ?? '{}')
  const context = files[path.replace('_asl.nii.gz', '_aslcontext.tsv')]
  const frames = context ? context.trim().split('\n').length - 1 : 1
  const shape = [4, 4, sidecar.SliceTiming?.length ?? 3] as const
  const header = blankHeader({ shape, affine: [4, 0, 0, -8, 0, 4, 0, -8, 0, 0, 4, -8] })
  return encodeImage({
    header,
    shape,
    frames,
    data: new Int16Array(16 * shape[2] * frames).fill(100),
    description: 'example',
  })
}

describe.each(Object.keys(datasets))('%s', name => {
  it('is planned as it should be', async () => {
    const root = write(name)
    const { code, out } = perfquant(root, join(root, '../out'), 'participant', '--dry-run', '--json')
    expect(code).toBe(0)
    await expect(out).toMatchFileSnapshot(`../expected/plan-${name}.json`)
    const [task] = (JSON.parse(out) as { tasks: { status: string }[] }).tasks
    expect(task?.status).toBe('planned')
  })
})
