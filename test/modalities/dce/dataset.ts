import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { blankHeader, encodeImage } from '../../../src/nifti/index.ts'
import { newFolder } from '../../run/harness.ts'

/** A small dataset written by hand: images of a few voxels in a row, each with its sidecar. */
export interface Written {
  readonly root: string
  /** An image of n voxels, frame after frame, with its JSON; the path is relative to the participant. */
  image(path: string, values: ArrayLike<number>, frames: number, sidecar: object): void
  text(path: string, content: string): void
}

export function smallDataset(name: string, voxels: number, sub = '01'): Written {
  const root = join(newFolder(name), 'data')
  const shape = [voxels, 1, 1] as const
  const grid = { shape, affine: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0] } as const
  const place = (path: string) => {
    const whole = join(root, `sub-${sub}`, path)
    mkdirSync(dirname(whole), { recursive: true })
    return whole
  }
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'dataset_description.json'), JSON.stringify({ Name: name, BIDSVersion: '1.10.1' }))
  return {
    root,
    image(path, values, frames, sidecar) {
      const content = encodeImage({
        header: blankHeader(grid),
        shape,
        frames,
        data: Float32Array.from(values),
        description: 'test',
      })
      writeFileSync(place(`${path}.nii.gz`), content)
      writeFileSync(place(`${path}.json`), JSON.stringify(sidecar))
    },
    text: (path, content) => writeFileSync(place(path), content),
  }
}
