import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom } from '../../src/numerics/random.ts'
import type { RunRecord } from '../../src/report/record.ts'
import { REGION_COLUMNS } from '../../src/run/regions.ts'

/** A dataset of derivatives as the participant level leaves it, with values that are known. */
export interface Derivatives {
  readonly participants: number
  readonly sessions: number
  readonly regions: number
  readonly parameters: number
  /** Name of the site of a participant; none by default. */
  readonly site?: (participant: number, session: number) => string
  /** Value of a parameter in a region. */
  readonly value: (place: { participant: number; session: number; region: number; parameter: number }) => number
}

/** Label of a participant: a number whose zeros must survive. */
export const labelOf = (participant: number) => String(participant + 1).padStart(5, '0')

/**
 * Write records and region tables; nothing else of a participant is there, and the group level needs nothing else.
 *
 * @param root - where the dataset comes to be
 * @param shape - how large it is
 * @param record - what every record holds beside its name
 */
export function writeDerivatives(root: string, shape: Derivatives, record: RunRecord): string {
  for (let participant = 0; participant < shape.participants; participant++)
    for (let session = 0; session < shape.sessions; session++) {
      const sub = labelOf(participant)
      const ses = shape.sessions > 1 ? { ses: String(session + 1) } : {}
      const stem = Object.entries({ sub, ...ses })
        .map(([key, label]) => `${key}-${label}`)
        .join('_')
      const folder = `sub-${sub}/${shape.sessions > 1 ? `ses-${session + 1}/` : ''}perf`
      mkdirSync(join(root, folder), { recursive: true })
      const outputs = [`${folder}/${stem}_desc-regions_asl.tsv`]
      const own: RunRecord = {
        ...record,
        participant: sub,
        session: ses.ses ?? null,
        entities: { sub, ...ses },
        label: `sub-${sub}`,
        identity: `identity-${stem}`,
        site: shape.site ? { name: shape.site(participant, session), from: 'site in participants.tsv' } : null,
        outputs,
        viewer: null,
      }
      writeFileSync(join(root, folder, `${stem}_desc-provenance_asl.json`), `${JSON.stringify(own, null, 2)}\n`)
      writeFileSync(join(root, outputs[0]!), tableOf(shape, { participant, session, stem, sub, ses: ses.ses ?? null }))
    }
  return root
}

function tableOf(
  { regions, parameters, value }: Derivatives,
  run: { participant: number; session: number; stem: string; sub: string; ses: string | null },
): string {
  const lines = [REGION_COLUMNS.join('\t')]
  const random = createRandom(run.stem)
  for (let parameter = 0; parameter < parameters; parameter++)
    for (let region = 0; region < regions; region++) {
      const median = value({ ...run, parameter, region })
      const spread = 1 + random.uniform()
      const cells: Record<string, string | number> = {
        bids_name: `${run.stem}_asl`,
        participant_id: `sub-${run.sub}`,
        session_id: run.ses === null ? 'n/a' : `ses-${run.ses}`,
        modality: 'asl',
        model: 'single',
        param: `parameter${parameter}`,
        estimator: 'single-delay',
        units: 'mL/100g/min',
        atlas: region === 0 ? 'mask' : 'atlas',
        region: region === 0 ? 'brain' : `region ${region}`,
        source: 'voxels',
        n_voxels: 1000 + region,
        n_valid: 990 + region,
        n_at_bound: 2,
        n_reliable: 900,
        mean: median + 1,
        sd: spread,
        median,
        p5: median - 2 * spread,
        p25: median - spread,
        p75: median + spread,
        p95: median + 2 * spread,
        options_hash: 'a1b2c3d4e5f6',
      }
      lines.push(REGION_COLUMNS.map(column => cells[column] ?? 'n/a').join('\t'))
    }
  return `${lines.join('\n')}\n`
}
