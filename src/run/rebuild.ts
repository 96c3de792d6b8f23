import { join } from 'node:path'
import { workInChild, makePool } from './pool.ts'
import { EXIT, type Summary } from './outcome.ts'
import { listRecords } from './records.ts'
import type { ReportWork } from './report.ts'
import type { Surroundings } from './surroundings.ts'
import { REPORT_MEMORY } from './execute.ts'

/**
 * Rebuild the reports of participants from the derivatives; nothing else is touched.
 *
 * @param participants - labels
 */
export async function rebuildReports(
  participants: readonly string[],
  place: { readonly output: string; readonly staging: string; readonly processors: number; readonly memory: number },
  around: Surroundings,
): Promise<Summary> {
  const pool = makePool(place.processors, place.memory)
  const failed: string[] = []
  let built = 0
  await Promise.all(
    participants.map(async participant => {
      const records = listRecords(place.output, participant).map(({ path }) => path)
      if (records.length === 0) return
      const work: ReportWork = { do: 'report', participant, output: place.output, staging: join(place.staging, `report-${participant}`), records, failures: [] }
      const ending = await pool.add(REPORT_MEMORY, () => workInChild(around.entry, work, around.signal))
      if (ending.kind === 'done') built++
      else failed.push(`sub-${participant}: ${ending.kind === 'crashed' ? ending.stack.split('\n')[0] : `ended by ${ending.signal ?? ending.code}`}`)
    }),
  )
  if (around.signal.aborted) return { code: EXIT.again, line: `stopped with ${built} reports written`, stopped: true }
  if (failed.length > 0) return { code: EXIT.some, line: `${failed.length} reports failed: ${failed.join('; ')}`, stopped: false }
  if (built === 0) return { code: EXIT.missing, line: `${place.output} holds no results of the selected participants; run the participant level first`, stopped: false }
  return { code: EXIT.done, line: `${built} reports`, stopped: false }
}
