import { join } from 'node:path'
import { REPORT_MEMORY } from './execute.ts'
import { EXIT, type Summary } from './outcome.ts'
import { makePool, workInChild } from './pool.ts'
import { listRecords } from './records.ts'
import type { ReportWork } from './report.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Rebuild the reports of participants from the derivatives; nothing else is touched.
 *
 * @param wanted - labels with or without `sub-`; all participants that have results where none are given
 */
export async function rebuildReports(
  wanted: readonly string[] | undefined,
  place: { readonly output: string; readonly staging: string; readonly processors: number; readonly memory: number },
  around: Surroundings,
): Promise<Summary> {
  const labels = wanted?.map(label => label.replace(/^sub-/, ''))
  const there = [...new Set(listRecords(place.output).map(({ record }) => record.participant))]
  const participants = there.filter(label => labels?.includes(label) ?? true)
  const pool = makePool(place.processors, place.memory)
  const failed: string[] = []
  let built = 0
  await Promise.all(
    participants.map(async participant => {
      const records = listRecords(place.output, participant).map(({ path }) => path)
      if (records.length === 0) return
      const work: ReportWork = {
        do: 'report',
        participant,
        output: place.output,
        staging: join(place.staging, `report-${participant}`),
        records,
        failures: [],
      }
      const ending = await pool.add(REPORT_MEMORY, () => workInChild(around.entry, work, around.signal))
      if (ending.kind === 'done') built++
      else
        failed.push(
          `sub-${participant}: ${ending.kind === 'crashed' ? ending.stack.split('\n')[0] : `ended by ${ending.signal ?? ending.code}`}`,
        )
    }),
  )
  if (around.signal.aborted) return { code: EXIT.again, line: `stopped with ${built} reports written`, stopped: true }
  if (failed.length > 0)
    return { code: EXIT.some, line: `${failed.length} reports failed: ${failed.join('; ')}`, stopped: false }
  if (built === 0)
    return {
      code: EXIT.missing,
      line: `${place.output} holds no results of the selected participants; run the participant level first`,
      stopped: false,
    }
  return { code: EXIT.done, line: `${built} reports`, stopped: false }
}
