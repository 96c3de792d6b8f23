// The group level on 10,000 simulated participants × 50 regions × 12 parameters, against reading and parsing its inputs once,
// each in a process of its own. Targets: at most 3 times the CPU time, at most 1.5 GB. `GROUP=500` for fewer participants.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { readText } from '../src/bids/disk.ts'
import { parseTable } from '../src/bids/tsv.ts'
import { readRecord } from '../src/run/complete.ts'
import { recordPaths } from '../src/run/records.ts'
import { fullRecord } from '../test/report/fixture.ts'
import { writeDerivatives } from '../test/run/derivatives.ts'

const TARGET = { ratio: 3, memory: 1.5e9 }
const PARTICIPANTS = Number(process.env['GROUP'] ?? 10_000)

/** Times that both are measured. */
const ROUNDS = 2

/** Every record and every table of regions, read and parsed, and nothing made of them. */
function readOnce(root: string): void {
  let rows = 0
  for (const path of recordPaths(root)) {
    const record = readRecord(root, path)
    for (const name of record?.outputs ?? []) {
      const table = parseTable(readText(join(root, name)))
      rows += table.ok ? table.value.rows.length : 0
    }
  }
  if (rows === 0) throw new Error('nothing was read')
}

/** Has a process, and every process that it starts, write at its end what it took. */
const TELLING = `data:text/javascript,import{appendFileSync}from'node:fs';process.on('exit',()=>{const u=process.resourceUsage();appendFileSync(process.env.TELL_TO,u.userCPUTime+u.systemCPUTime+' '+u.maxRSS+'\\n')})`

/** CPU time [s] and most memory [bytes] of a process and those that it starts, each at its own most. */
function measured(words: readonly string[]): { cpu: number; memory: number } {
  const told = join(mkdtempSync(join(tmpdir(), 'perfquant-bench-told-')), 'usage')
  const env = { ...process.env, TELL_TO: told }
  const { status, stderr } = spawnSync(process.execPath, ['--import', TELLING, ...words], { encoding: 'utf8', env })
  if (status !== 0) throw new Error(stderr)
  const usage = readText(told).trim().split('\n')
  rmSync(dirname(told), { recursive: true })
  const sumOf = (at: number) => usage.reduce((sum, line) => sum + Number(line.split(' ')[at]), 0)
  return { cpu: sumOf(0) / 1e6, memory: 1024 * sumOf(1) }
}

if (process.argv[2] !== undefined) readOnce(process.argv[2])
else {
  const root = mkdtempSync(join(tmpdir(), 'perfquant-bench-group-'))
  try {
    const value = (place: { participant: number; region: number; parameter: number }) =>
      50 + ((place.participant * 7919 + place.region * 31 + place.parameter * 17) % 1009) / 37
    const shape = { participants: PARTICIPANTS, sessions: 1, regions: 50, parameters: 12, value }
    writeDerivatives(root, { ...shape, site: participant => `site ${participant % 12}` }, fullRecord())
    // In turn, and the smallest ratio of the rounds counts: the machine itself is faster at times.
    const rounds = Array.from({ length: ROUNDS }, () => ({
      once: measured([process.argv[1] ?? '', root]),
      group: measured(['dist/main.js', root, root, 'group']),
    }))
    const ratioOf = (round: (typeof rounds)[number]) => round.group.cpu / round.once.cpu
    const best = rounds.reduce((least, round) => (ratioOf(round) < ratioOf(least) ? round : least))
    const { once, group } = best
    const ratio = ratioOf(best)
    const isGood = ratio <= TARGET.ratio && group.memory <= TARGET.memory
    console.log(
      `group  ${PARTICIPANTS} participants × 600 rows: ${group.cpu.toFixed(1)} s, ${(group.memory / 1e6).toFixed(0)} MB  ` +
        `read and parsed once ${once.cpu.toFixed(1)} s  ratio ${ratio.toFixed(2)} (target at most ${TARGET.ratio}, ` +
        `${TARGET.memory / 1e6} MB) ${isGood ? 'ok' : 'TOO MUCH'}`,
    )
    if (!isGood) process.exitCode = 1
  } finally {
    rmSync(root, { recursive: true })
  }
}
