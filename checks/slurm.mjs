// `npm run check:slurm`: the three commands of README.md on a real Slurm of one node, started here on loopback.
//
// An array of three: one task is told to stop by the signal that comes before the time limit, one is refused for its
// data, one is killed and queued again; then the group job. The result must be that of a run without Slurm.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { cpus, hostname, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { compare, main, perfquant, run, until } from './support.mjs'

await main('check:slurm', { sbatch: 'slurm-wlm', munged: 'munge' }, async work => {
  run('chmod', ['a+rx', work])
  run(process.execPath, ['build.mjs'])
  const data = join(work, 'data')
  perfquant('simulate', data, '--subjects', '3', '--modalities', 'asl', 'ivim')
  spoil(join(data, 'sub-02'))
  const reference = join(work, 'reference')
  const { status } = spawnSync(process.execPath, ['dist/main.js', data, reference, 'participant', 'group'])
  if (status !== 1) throw new Error(`the run without Slurm ended with ${status}, not 1`)
  const stop = await startSlurm(join(work, 'slurm'))
  try {
    const out = join(work, 'out')
    const seen = await useSlurm(work, data, out)
    const files = compare(out, reference)
    return `passed: ${seen}; ${files} files of results are the same without Slurm`
  } finally {
    stop()
  }
})

/** Make a participant's ASL one that is refused. */
function spoil(folder) {
  const name = readdirSync(join(folder, 'perf')).find(file => file.endsWith('_asl.json'))
  const path = join(folder, 'perf', name)
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), PostLabelingDelay: 1800 }))
}

/** Submit as README.md says, disturb two tasks, and wait for the group job. */
async function useSlurm(work, data, out) {
  const place = join(work, 'home')
  mkdirSync(join(place, 'bin'), { recursive: true })
  symlinkSync(resolve('containers'), join(place, 'containers'))
  writeFileSync(join(place, 'bin/perfquant'), `#!/bin/sh\nexec ${process.execPath} ${resolve('dist/main.js')} "$@"\n`)
  chmodSync(join(place, 'bin/perfquant'), 0o755)
  const commands = readmeCommands().join('\n')
  const env = { ...process.env, PATH: `${join(place, 'bin')}:${process.env.PATH}`, BIDS: data, OUT: out }
  const submitted = run('bash', ['-euc', `${commands}\necho "array $tasks"`], { cwd: place, env })
  const array = /^array (\d+)$/m.exec(submitted)[1]
  const group = /^Submitted batch job (\d+)$/m.exec(submitted)[1]
  const log = task => {
    const path = join(place, `perfquant-${array}_${task}.log`)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  await until(() => /^\[1\//m.test(log(1)), 'the first run of task 1')
  run('scancel', ['--batch', '--signal=USR1', `${array}_1`])
  await until(() => /exit 75 after USR1/.test(log(1)), 'task 1 to stop')
  await until(() => /exit 1$/m.test(log(2)), 'task 2 to fail')
  await until(() => /^\[1\//m.test(log(3)), 'the first run of task 3')
  for (const pid of processesOf(array, 3)) process.kill(pid, 'SIGKILL')
  await until(() => state(`${array}_3`) === 'FAILED', 'task 3 to be gone')
  run('scontrol', ['requeue', `${array}_3`])

  await until(() => ['COMPLETED', 'FAILED'].includes(state(group)), 'the group job', 400)
  const seen = [1, 2, 3].map(task => `${state(`${array}_${task}`)} after ${restarts(`${array}_${task}`)} restarts`)
  const expected = ['COMPLETED after 1 restarts', 'FAILED after 0 restarts', 'COMPLETED after 1 restarts']
  if (JSON.stringify(seen) !== JSON.stringify(expected)) throw new Error(`the tasks ended as ${seen.join(', ')}`)
  if (state(group) !== 'COMPLETED') throw new Error(`the group job ended as ${state(group)}`)
  const again = log(1).split('exit 75 after USR1')[1]
  if (!/^\[\d+\/\d+\] already /m.test(again)) throw new Error('task 1 did not go on where it stopped')
  return `tasks ${seen.join(', ')}`
}

/** The three commands that README.md shows to the users of a cluster. */
function readmeCommands() {
  const block = /```\n(perfquant \$BIDS[\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'))?.[1]
  const lines = block?.trim().split('\n') ?? []
  if (lines.length !== 3) throw new Error(`README.md shows ${lines.length} commands, not three`)
  return lines
}

function job(id) {
  return run('scontrol', ['show', 'job', id])
}

function state(id) {
  return /JobState=(\w+)/.exec(job(id))[1]
}

function restarts(id) {
  return Number(/Restarts=(\d+)/.exec(job(id))[1])
}

/** The processes of an array task. */
function processesOf(array, task) {
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return []
    try {
      const words = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0')
      return words.includes(`SLURM_ARRAY_JOB_ID=${array}`) && words.includes(`SLURM_ARRAY_TASK_ID=${task}`)
        ? [Number(name)]
        : []
    } catch {
      // Ended while we looked.
      return []
    }
  })
}

/** A Slurm of this machine alone, its state in a folder. @returns ends it */
async function startSlurm(folder) {
  const host = hostname().split('.')[0]
  for (const name of ['control', 'node', 'munge']) mkdirSync(join(folder, name), { recursive: true })
  const munge = join(folder, 'munge')
  run('chmod', ['-R', 'a+rx', folder])
  run('dd', ['if=/dev/urandom', `of=${munge}/key`, 'bs=128', 'count=1'])
  run('chmod', ['400', join(munge, 'key')])
  run('chown', ['-R', 'munge:munge', munge])
  const processes = []
  const begin = (command, words) => processes.push(spawn(command, words, { stdio: 'ignore', env }))
  const env = { ...process.env, SLURM_CONF: join(folder, 'slurm.conf') }
  begin('setpriv', [
    '--reuid',
    'munge',
    '--regid',
    'munge',
    '--clear-groups',
    'munged',
    '--foreground',
    `--key-file=${munge}/key`,
    `--socket=${munge}/socket`,
    `--pid-file=${munge}/pid`,
    `--log-file=${munge}/log`,
    `--seed-file=${munge}/seed`,
  ])
  const settings = {
    ClusterName: 'check',
    SlurmctldHost: `${host}(127.0.0.1)`,
    SlurmUser: 'root',
    SlurmdUser: 'root',
    AuthType: 'auth/munge',
    // A task that is queued again waits until its old credential has expired.
    AuthInfo: `socket=${munge}/socket,cred_expire=10`,
    CredType: 'cred/munge',
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_Core',
    SchedulerType: 'sched/backfill',
    SchedulerParameters: 'sched_interval=1,bf_interval=1',
    PropagateResourceLimits: 'NONE',
    JobAcctGatherType: 'jobacct_gather/none',
    AccountingStorageType: 'accounting_storage/none',
    MpiDefault: 'none',
    SwitchType: 'switch/none',
    ReturnToService: '2',
    SlurmdParameters: 'config_overrides',
    KillWait: '10',
    MinJobAge: '600',
    StateSaveLocation: join(folder, 'control'),
    SlurmdSpoolDir: join(folder, 'node'),
    SlurmctldPidFile: join(folder, 'control.pid'),
    SlurmdPidFile: join(folder, 'node.pid'),
    SlurmctldLogFile: join(folder, 'control.log'),
    SlurmdLogFile: join(folder, 'node.log'),
    SlurmctldPort: '16817',
    SlurmdPort: '16818',
  }
  // As many processors as the tasks ask for, so that two of them run at once on a machine of two.
  const node = `NodeName=${host} NodeAddr=127.0.0.1 CPUs=${2 * cpus().length} RealMemory=${Math.floor(totalmem() / 1.1e6)} State=UNKNOWN`
  const partition = `PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP`
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  writeFileSync(env.SLURM_CONF, [...lines, node, partition, ''].join('\n'))
  process.env.SLURM_CONF = env.SLURM_CONF
  const stop = () => {
    for (const child of processes.reverse()) child.kill('SIGTERM')
  }
  try {
    await until(() => existsSync(join(munge, 'socket')), 'munge', 20)
    begin('slurmctld', ['-D', '-f', env.SLURM_CONF])
    begin('slurmd', ['-D', '-f', env.SLURM_CONF])
    await until(
      () => spawnSync('sinfo', ['-h', '-o', '%T'], { encoding: 'utf8' }).stdout?.includes('idle'),
      'the node',
      30,
    )
  } catch (error) {
    stop()
    throw error
  }
  return stop
}
