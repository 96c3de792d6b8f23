import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { exists, readText, writeWhole } from '../bids/disk.ts'
import { assetText } from '../bids/templates.ts'
import type { Volume } from '../image/volume.ts'
import { readVolume } from '../nifti/index.ts'
import { imagesOf } from '../report/figure.ts'
import { participantPage } from '../report/participant.ts'
import type { RunRecord, VoxelSample } from '../report/record.ts'
import { readRecord } from './complete.ts'

/** What a child process is given for the report of one participant. Plain JSON. */
export interface ReportWork {
  readonly do: 'report'
  readonly participant: string
  readonly output: string
  readonly staging: string
  /** Records of the participant's runs, relative to the output dataset. */
  readonly records: readonly string[]
  /** Runs of this call that ended without a record of their own. */
  readonly failures: readonly { readonly label: string; readonly message: string }[]
}

/** Beyond so many sessions a participant has a page a session, and a page that links them. */
const SESSIONS_ON_ONE_PAGE = 4

/**
 * Write the report of one participant: from the derivatives only, so that it can be rebuilt at any time.
 *
 * @returns the pages, relative to the output dataset
 */
export async function writeReport(work: ReportWork): Promise<readonly string[]> {
  const records = work.records.flatMap(path => readRecord(work.output, path) ?? [])
  const images = await readImages(records, work.output)
  const sessions = [...new Set(records.map(({ session }) => session))]
  const pages: string[] = []
  const script = assetText('viewer.js')
  const write = async (
    path: string,
    chosen: readonly RunRecord[],
    parts: readonly { label: string; href: string }[],
  ) => {
    const page = await participantPage({
      participant: work.participant,
      records: chosen,
      failures: work.failures,
      image: name => images.get(name) ?? null,
      voxels: record => readVoxels(record, work.output),
      script,
      ...(parts.length > 0 ? { sessions: parts } : {}),
    })
    for (const figure of page.figures) writeIfChanged(work, figure.path, figure.content)
    writeIfChanged(work, path, page.html)
    pages.push(path)
  }
  if (sessions.length <= SESSIONS_ON_ONE_PAGE) await write(`sub-${work.participant}.html`, records, [])
  else {
    for (const session of sessions)
      await write(
        `sub-${work.participant}_ses-${session ?? 'none'}.html`,
        records.filter(record => record.session === session),
        [],
      )
    await write(
      `sub-${work.participant}.html`,
      [],
      pages.map((href, at) => ({ label: `ses-${sessions[at] ?? 'none'}`, href })),
    )
  }
  return pages
}

/** The voxels that the viewer of a run answers for; null where they are gone. */
function readVoxels({ viewer }: RunRecord, output: string): VoxelSample | null {
  const path = viewer && join(output, viewer.voxels)
  if (!path || !exists(path)) return null
  const sample: VoxelSample = JSON.parse(readText(path))
  return sample
}

async function readImages(records: readonly RunRecord[], output: string): Promise<Map<string, Volume>> {
  const wanted = new Set(
    records.flatMap(({ figures, viewer }) => [...(viewer ? [viewer.reference] : []), ...figures.flatMap(imagesOf)]),
  )
  const images = new Map<string, Volume>()
  for (const path of wanted) {
    // A map that was removed since is missing in the report, which says so; the others are shown.
    const volume = exists(join(output, path)) ? await readVolume(join(output, path), path) : null
    if (volume?.ok) images.set(path, volume.value)
  }
  return images
}

/** A file that holds the same already is left alone, so that a second call changes nothing. */
function writeIfChanged(work: ReportWork, path: string, content: string | Uint8Array): void {
  const target = join(work.output, path)
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  if (exists(target) && digest(Buffer.from(readText(target))) === digest(bytes)) return
  writeWhole(target, bytes, work.staging)
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
