import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freeSpace, nearestFolder, readText } from './bids/disk.ts'
import type { Command } from './command.ts'
import type { Modality } from './modalities/modality.ts'
import { WORKER_WORD } from './run/pool.ts'
import { containerOf, type RunEvent, type Surroundings } from './run/surroundings.ts'

/**
 * The process: arguments in, exit code out. The only file that prints, exits or reads the environment.
 *
 * Heavy parts load when they are needed: help and mistakes in the command line answer at once.
 *
 * @param kinds - the slices of the program
 */
export async function main(kinds: readonly Modality[]): Promise<void> {
  const argv = process.argv.slice(2)
  // A reader that has seen enough (`| head`) is no reason to stop.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  if (argv[0] === WORKER_WORD && process.send) {
    const { serve } = await import('./run/worker.ts')
    return serve(kinds)
  }
  const { helpText, parseCommand } = await import('./command.ts')
  const command = parseCommand(argv, readText)
  if (command.kind === 'help') process.stdout.write(`${await helpText()}\n`)
  else if (command.kind === 'version') process.stdout.write(`perfquant ${version()}\n`)
  else if (command.kind === 'descriptor') process.stdout.write((await import('./boutiques.ts')).descriptor(version()))
  else if (command.kind === 'usage') end(command.code, command.message)
  else await perform(command, kinds)
}

type Task = Extract<Command, { kind: 'run' | 'simulate' | 'selftest' }>

async function perform(command: Task, kinds: readonly Modality[]): Promise<void> {
  const { Refusal, EXIT } = await import('./run/outcome.ts')
  const output = command.kind === 'selftest' ? (command.keep ?? '.') : command.output
  try {
    await dispatch(command, kinds)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const full =
      error instanceof Error &&
      (error.name === 'DiskFailure' || /\b(ENOSPC|EDQUOT|EFBIG|EIO)\b/.test(`${String(code)} ${error.message}`))
    if (error instanceof Refusal) end(error.code, error.message)
    else if (full)
      end(
        EXIT.disk,
        `${error.message}; ${output} has ${(freeSpace(nearestFolder(output)) / 1e6).toFixed(0)} MB free; make room and call again, which continues`,
      )
    else {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
      end(EXIT.some, 'a defect of the program; please report the lines above')
    }
  }
}

async function dispatch(command: Task, kinds: readonly Modality[]): Promise<void> {
  const display = makeDisplay(command.kind === 'run' ? command.options.verbose : 0)
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const) process.on(signal, () => stop.abort())
  const around = surroundings(stop.signal, display.say)
  if (command.kind === 'simulate') {
    const { simulate } = await import('./run/simulate.ts')
    const made = simulate(command.output, command.options, kinds)
    return end(
      0,
      `${made.length} simulated series in ${command.output}, their truth in ${join(command.output, 'derivatives', 'truth')}`,
    )
  }
  if (command.kind === 'selftest') {
    const { selftest } = await import('./selftest.ts')
    const tested = await selftest(command, kinds, around)
    process.stdout.write(tested.table)
    return end(tested.code, tested.line)
  }
  for (const message of command.notes) display.say({ event: 'note', message })
  const { perfuse } = await import('./app.ts')
  const summary = await perfuse(command, kinds, around)
  display.clear()
  if (summary.plan) {
    const { planJson, planTable } = await import('./run/plan-text.ts')
    if (command.options['list-participants'])
      process.stdout.write(summary.plan.participants.map(label => `${label}\n`).join(''))
    else process.stdout.write(command.options.json ? planJson(summary.plan) : planTable(summary.plan))
  }
  end(summary.code, summary.line, summary.see)
}

/** Say outcome and code in the last line, and leave the code to the process. */
function end(code: number, line: string, see?: string): void {
  process.exitCode = code
  // A live line may stand there.
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
  process.stderr.write(
    `perfquant ${code === 0 ? 'finished' : 'failed'}: ${line} (exit ${code})${see === undefined ? '' : `; see ${see}/`}\n`,
  )
}

/** Version of the package; the file stands beside `dist/` and beside `src/` alike. */
function version(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const { version }: { readonly version: string } = JSON.parse(readText(join(packageFolder(here), 'package.json')))
  return version
}

function packageFolder(folder: string): string {
  return /\/(dist|src)(\/chunks)?$/.test(folder) ? folder.replace(/\/(dist|src)(\/chunks)?$/, '') : folder
}

function surroundings(signal: AbortSignal, say: Surroundings['say']): Surroundings {
  const entry = process.argv[1] ?? fileURLToPath(import.meta.url)
  const { env } = process
  return {
    entry,
    validator: join(
      packageFolder(dirname(fileURLToPath(import.meta.url))),
      'dist',
      'vendor',
      'bids-schema-validator.mjs',
    ),
    version: version(),
    env,
    host: hostname(),
    pid: process.pid,
    node: process.version,
    nodeFlags: process.execArgv,
    commandLine: ['perfquant', ...process.argv.slice(2)].join(' '),
    container: containerOf(env),
    now: () => new Date(),
    token: randomBytes(4).toString('hex'),
    signal,
    say,
  }
}

/** What the terminal shows: a live line on a terminal, one line an event in a log; grave problems always, others as asked. */
function makeDisplay(verbosity: number): { readonly say: (event: RunEvent) => void; readonly clear: () => void } {
  const live = process.stderr.isTTY === true
  const began = Date.now()
  const clear = () => {
    if (live) process.stderr.write('\r\u001b[2K')
  }
  const line = (text: string) => {
    clear()
    process.stderr.write(`${text}\n`)
  }
  let running = 0
  const say = (event: RunEvent) => {
    if (event.event === 'note') return line(`note: ${event.message}`)
    if (event.event === 'begin')
      return line(
        `${event.tasks} ${event.tasks === 1 ? 'run' : 'runs'}, ${event.processors} at once, ${(event.memory / 1e9).toFixed(1)} GB; log in ${event.logs}`,
      )
    if (event.event === 'start') {
      running++
      if (!live && verbosity > 0) line(`start ${event.label}`)
      return
    }
    running = Math.max(0, running - 1)
    line(`[${event.done}/${event.total}] ${event.status} ${event.label} (${event.seconds.toFixed(1)} s)`)
    const shown = verbosity > 0 ? ['error', 'partial', 'warning', 'info'] : ['error', 'partial', 'warning']
    for (const { severity, code, message } of event.problems)
      if (shown.includes(severity)) line(`  ${severity} ${code}: ${message}`)
    if (!live || event.done === event.total) return
    const left = ((Date.now() - began) / event.done) * (event.total - event.done)
    process.stderr.write(
      `${event.done} of ${event.total} runs, ${running} running, about ${Math.ceil(left / 60_000)} min left`,
    )
  }
  return { say, clear }
}
