import { join } from 'node:path'
import { exists, isFolder, listFolder, writeNew } from '../bids/disk.ts'
import { formatName } from '../bids/name.ts'
import { template, templateText } from '../bids/templates.ts'
import { formatTable } from '../bids/tsv.ts'
import type { SimulateOptions } from '../command.ts'
import { smoothWithin } from '../image/smooth.ts'
import type { Grid } from '../image/volume.ts'
import { type Anatomy, headGrid, makeAnatomy } from '../modalities/anatomy.ts'
import type { Modality, Phantom } from '../modalities/modality.ts'
import { blankHeader, encodeImage } from '../nifti/index.ts'
import { createRandom } from '../numerics/random.ts'
import { EXIT, Refusal } from './outcome.ts'
import { type Placement, pathOf, tablePath } from './outputs.ts'
import { motionTable, moveImage } from './simulate-motion.ts'

/** One phantom of a simulated dataset: whose it is, and of which technique. */
export interface Simulated {
  readonly kind: Modality
  readonly entities: Readonly<Record<string, string>>
  readonly phantom: Phantom
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** Noise of the simulated T1w image [a.u.], of which white matter has 900. */
const T1W_NOISE = 15

/**
 * Write a BIDS dataset with known truth: for each participant one head, seen by every technique that has a phantom.
 *
 * The truth is in `derivatives/truth`, under the names of our own outputs. The same options give the same bytes.
 *
 * @param isBlurred - whether images have the point spread of a scanner: those of a head that moves need it
 * @throws Refusal where the folder is not empty or cannot be written
 * @returns the phantoms, for the installation test to compare with
 */
export function simulate(
  output: string,
  options: SimulateOptions,
  kinds: readonly Modality[],
  isBlurred: boolean = options.motion,
): readonly Simulated[] {
  if (exists(output) && (!isFolder(output) || listFolder(output).length > 0))
    throw new Refusal(EXIT.cannotCreate, `${output} is there and not empty; name a new folder`)
  const made: Simulated[] = []
  try {
    const participants: string[][] = []
    for (let subject = 1; subject <= options.subjects; subject++) {
      const sub = String(subject).padStart(2, '0')
      const random = createRandom(`participant ${options.seed} ${sub}`)
      const anatomy = makeAnatomy(options.seed, sub)
      // Healthy people differ by about this much.
      const level = 1 + 0.1 * (2 * random.uniform() - 1)
      participants.push([`sub-${sub}`, String(Math.round(25 + 40 * random.uniform()))])
      for (let session = 1; session <= options.sessions; session++) {
        const entities = options.sessions > 1 ? { sub, ses: String(session) } : { sub }
        const seed = `${options.seed} ${sub} ${session}`
        writeStructural(output, entities, anatomy, seed)
        for (const kind of kinds) {
          if (!kind.phantom || !options.modalities.includes(kind.name)) continue
          const series = [
            [{}, kind.phantom],
            ...Object.entries(kind.variants ?? {}).map(([acq, make]) => [{ acq }, make] as const),
          ] as const
          for (const [added, make] of series) {
            const named = { ...entities, ...added }
            const phantom = make({
              anatomy,
              snr: options.snr,
              seed,
              level,
              bSet: options.bSet,
              spread: isBlurred ? pointSpread : shares => shares,
              path: suffix => `${folderOf(named)}/${kind.datatype}/${formatName(named, suffix, '.nii.gz')}`,
            })
            const moves = options.motion ? [seed, kind.name, ...Object.values(added)].join(' ') : null
            writePhantom(output, { kind, entities: named, phantom }, moves)
            made.push({ kind, entities: named, phantom })
          }
        }
      }
    }
    writeRoot(output, participants)
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      ['EACCES', 'EROFS', 'ENOTDIR', 'EPERM'].includes(String(error.code))
    )
      throw new Refusal(EXIT.cannotCreate, `${output} cannot be written: ${error.message}`)
    throw error
  }
  return made
}

/** Full width at half maximum of the point spread of a scanner along each axis [voxel]. */
const POINT_SPREAD = 1.5

/**
 * Shares of what is in each voxel as the point spread of a scanner has them.
 *
 * @remarks
 * A scanner sees no edge sharper than its voxels allow, so that an image of a head that moved can be interpolated. The made-up
 * head has such edges, and of those no interpolation can tell between voxels.
 */
function pointSpread<T extends { readonly [name: string]: Float32Array }>(shares: T, { shape }: Grid): T {
  const voxels: Grid = { shape, affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] }
  const everywhere = new Uint8Array(shape[0] * shape[1] * shape[2]).fill(1)
  const wider = Object.entries(shares).map(([name, share]) => [
    name,
    smoothWithin(share, voxels, everywhere, POINT_SPREAD),
  ])
  return { ...shares, ...Object.fromEntries(wider) }
}

function folderOf(entities: Readonly<Record<string, string>>): string {
  return entities['ses'] === undefined ? `sub-${entities['sub']}` : `sub-${entities['sub']}/ses-${entities['ses']}`
}

function image(
  grid: Grid,
  frames: number,
  data: Int16Array | Float32Array | Uint8Array,
  what: string,
  frameSpacing?: number,
): Uint8Array {
  return encodeImage({
    header: blankHeader(grid),
    shape: grid.shape,
    frames,
    data,
    description: `perfquant simulate ${what}`,
    ...(frameSpacing === undefined ? {} : { frameSpacing }),
  })
}

function writeStructural(
  output: string,
  entities: Readonly<Record<string, string>>,
  anatomy: Anatomy,
  seed: string,
): void {
  const grid = headGrid([2, 2, 2])
  const random = createRandom(`T1w ${seed}`)
  const data = Int16Array.from(anatomy.t1w(grid), signal => Math.round(Math.abs(signal + T1W_NOISE * random.normal())))
  const path = (extension: string) => join(output, folderOf(entities), 'anat', formatName(entities, 'T1w', extension))
  writeNew(path('.nii.gz'), image(grid, 1, data, 'T1w'))
  writeNew(
    path('.json'),
    json({
      Manufacturer: 'Simulated',
      MagneticFieldStrength: 3,
      RepetitionTime: 2.3,
      EchoTime: 0.003,
      InversionTime: 0.9,
      FlipAngle: 8,
    }),
  )
}

/** Write the images and the truth of a phantom; with a seed for the motion of its series, they move, and the truth says how. */
function writePhantom(output: string, { kind, entities, phantom }: Simulated, motion: string | null): void {
  for (const still of phantom.images) {
    const item = motion === null ? still : moveImage(still, motion)
    const path = (suffix: string, extension: string) =>
      `${folderOf(entities)}/${item.datatype ?? kind.datatype}/${formatName({ ...entities, ...item.entities }, suffix, extension)}`
    writeNew(
      join(output, path(item.suffix, '.nii.gz')),
      image(item.grid, item.frames, item.data, item.suffix, item.frameSpacing),
    )
    writeNew(join(output, path(item.suffix, '.json')), json(item.sidecar))
    for (const [suffix, table] of Object.entries(item.tables))
      writeNew(join(output, path(suffix, '.tsv')), formatTable(table.columns, table.rows))
    for (const [extension, text] of Object.entries(item.texts ?? {}))
      writeNew(join(output, path(item.suffix, extension)), text)
  }
  const placement: Placement = { entities, modality: kind }
  const frames = Math.max(...phantom.images.map(item => item.frames))
  if (motion !== null && frames > 1) {
    const { columns, rows } = motionTable(frames, motion)
    const path = (extension: string) => join(output, 'derivatives/truth', tablePath(placement, 'confounds', extension))
    writeNew(path('.tsv'), formatTable(columns, rows))
    writeNew(path('.json'), json(template('tables/confounds.json')))
  }
  for (const { name, grid, values, unit, description } of phantom.truth) {
    const data = name.suffix === 'mask' ? Uint8Array.from(values) : values
    writeNew(
      join(output, 'derivatives/truth', pathOf(placement, name, '.nii.gz')),
      image(grid, 1, data, `truth ${name.suffix}`),
    )
    writeNew(
      join(output, 'derivatives/truth', pathOf(placement, name, '.json')),
      json(
        name.suffix === 'mask'
          ? { Type: 'Brain', Description: description }
          : { Description: description, Units: unit, SkullStripped: true },
      ),
    )
  }
}

function writeRoot(output: string, participants: readonly (readonly string[])[]): void {
  const by = { Name: 'perfquant', Description: 'perfquant simulate' }
  writeNew(
    join(output, 'dataset_description.json'),
    json({
      Name: 'Simulated perfusion MRI',
      BIDSVersion: '1.10.1',
      DatasetType: 'raw',
      License: 'CC0',
      Authors: ['perfquant simulate'],
    }),
  )
  // BIDS has no suffix for contrast perfusion yet.
  writeNew(join(output, '.bidsignore'), '**/perf/*_dsc.*\n**/perf/*_dce.*\n**/perf/*_aif.*\n')
  writeNew(
    join(output, 'README.md'),
    '# Simulated perfusion MRI\n\nMade by `perfquant simulate`. The truth is in `derivatives/truth`, under the names of the outputs that it is compared with.\n',
  )
  writeNew(join(output, 'participants.tsv'), formatTable(['participant_id', 'age'], participants))
  writeNew(join(output, 'participants.json'), json({ age: { Description: 'Age of the participant', Units: 'year' } }))
  writeNew(
    join(output, 'derivatives/truth/dataset_description.json'),
    json({ Name: 'truth', BIDSVersion: '1.10.1', DatasetType: 'derivative', GeneratedBy: [by] }),
  )
  writeNew(join(output, 'derivatives/truth/.bidsignore'), templateText('bidsignore'))
}
