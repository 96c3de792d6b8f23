// `npm run check:kills [KILLS]`: fifty random kills of a run of four techniques and six participants, half of the call alone
// and half of its whole process group, each followed by the same call. After each: no file is partial and no process is
// left. When a run gets to its end: its files are those of an undisturbed run, and another one begins.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { compare, main, perfquant, run, until } from './support.mjs'

const KILLS = Number(process.argv[2] ?? 50)
const PROCESSORS = 2
/** Longest life of a call that is killed, as a part of that of an undisturbed one. */
const LONGEST = 0.15

await main('check:kills', {}, async work => {
  run(process.execPath, ['build.mjs'])
  const data = join(work, 'data')
  perfquant('simulate', data, '--subjects', '6')
  const reference = join(work, 'undisturbed')
  const began = Date.now()
  perfquant(...call(data, reference))
  const whole = Date.now() - began
  const tasks = starts(reference)
  console.log(`undisturbed: ${tasks} runs in ${(whole / 1000).toFixed(0)} s`)
  let kills = 0
  let finished = 0
  let repeated = 0
  while (kills < KILLS || finished === 0) {
    const out = join(work, `killed-${finished}`)
    const before = kills
    while (!(await attempt(call(data, out), kills < KILLS ? LONGEST * whole * Math.random() : null, kills % 2 === 1))) {
      kills++
      if (existsSync(out)) checkWhole(out)
    }
    const files = compare(out, reference)
    const left = ['lock', 'tmp'].flatMap(folder => readdirSync(join(out, '.perfquant', folder)))
    if (left.length > 0) throw new Error(`${left.join(', ')} is left in .perfquant`)
    // What was under way at a kill is done again, and nothing else.
    const again = starts(out) - tasks
    if (again > (kills - before) * PROCESSORS)
      throw new Error(`${again} runs were repeated after ${kills - before} kills`)
    repeated += again
    finished++
    console.log(`finished after ${kills - before} kills: ${files} files as undisturbed, ${again} runs repeated`)
  }
  return `passed: ${kills} kills, ${finished} runs to their end, all as undisturbed; ${repeated} of at most ${kills * PROCESSORS} runs repeated`
})

function call(data, out) {
  return [data, out, 'participant', 'group', '--nprocs', String(PROCESSORS)]
}

/** How many runs all calls together have started. */
function starts(out) {
  return readdirSync(join(out, 'logs')).reduce((sum, name) => {
    const path = join(out, 'logs', name, 'perfquant.jsonl')
    if (!existsSync(path)) return sum
    return (
      sum +
      readFileSync(path, 'utf8')
        .split('\n')
        .filter(line => line.includes('"event":"start"')).length
    )
  }, 0)
}

/** Call, and kill after a time where one is given. @returns whether the call came to its end */
async function attempt(words, milliseconds, group) {
  const mark = `PERFQUANT_CHECK=${process.pid}-${Math.random()}`
  const [name, value] = mark.split('=')
  const child = spawn(process.execPath, ['dist/main.js', ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    env: { ...process.env, [name]: value },
  })
  let said = ''
  child.stderr.on('data', text => {
    said += text
  })
  const ended = new Promise(resolve => child.on('close', (code, signal) => resolve({ code, signal })))
  const timer = milliseconds === null ? null : setTimeout(() => kill(group ? -child.pid : child.pid), milliseconds)
  const { code, signal } = await ended
  clearTimeout(timer)
  // A run whose call is gone ends at its next pause between computations.
  await until(() => processesWith(mark).length === 0, 'the processes to end', 600)
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`a call ended with ${code ?? signal}: ${said.slice(-500)}`)
  return code === 0
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}

function processesWith(mark) {
  return readdirSync('/proc').filter(name => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(mark)
    } catch {
      // Ended while we looked.
      return false
    }
  })
}

/** Throws where a file of results is not whole. */
function checkWhole(out) {
  for (const path of readdirSync(out, { recursive: true })) {
    if (path.startsWith('.perfquant')) continue
    if (path.endsWith('.json')) JSON.parse(readFileSync(join(out, path), 'utf8'))
    if (path.endsWith('.gz')) gunzipSync(readFileSync(join(out, path)))
    if (/\.(tsv|html|md|svg)$/.test(path) && !/[\n>]$/.test(readFileSync(join(out, path), 'utf8')))
      throw new Error(`${path} is not whole`)
  }
}
