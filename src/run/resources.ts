import { availableParallelism, freemem } from 'node:os'
import { exists, readText } from '../bids/disk.ts'

/** Processors and memory that a call may use. */
export interface Resources {
  readonly processors: number
  /** [bytes] */
  readonly memory: number
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * What this process was granted: the smallest of affinity, cgroup and the batch system's word; of the memory, 90 %.
 *
 * Reads Slurm, PBS, SGE and LSF variables and the limits of cgroup v1 and v2. Nothing stated means the machine itself.
 *
 * @param env - the environment
 * @param read - reads a file of /proc or /sys; null where there is none
 */
export function grantedResources(env: Environment, read: (path: string) => string | null = readIfThere): Resources {
  const number = (text: string | undefined | null): number | undefined => {
    const value = Number(text)
    return text && Number.isFinite(value) && value > 0 ? value : undefined
  }
  const processors = [
    availableParallelism(),
    number(env['SLURM_CPUS_PER_TASK']),
    number(env['SLURM_CPUS_ON_NODE']),
    number(env['PBS_NP']),
    number(env['NCPUS']),
    number(env['NSLOTS']),
    number(env['LSB_DJOB_NUMPROC']),
    cgroupProcessors(read),
  ]
  const count = Math.max(1, Math.floor(least(processors)))
  const perNode = number(env['SLURM_MEM_PER_NODE'])
  const perProcessor = number(env['SLURM_MEM_PER_CPU'])
  const memory = [
    availableMemory(read),
    perNode ? perNode * 1024 ** 2 : undefined,
    perProcessor ? perProcessor * 1024 ** 2 * (number(env['SLURM_CPUS_ON_NODE']) ?? count) : undefined,
    cgroupMemory(read),
  ]
  return { processors: count, memory: 0.9 * least(memory) }
}

function least(values: readonly (number | undefined)[]): number {
  return Math.min(...values.filter(value => value !== undefined))
}

function readIfThere(path: string): string | null {
  try {
    return exists(path) ? readText(path).trim() : null
  } catch {
    // Not ours to read: as if it were not there.
    return null
  }
}

/** Own path in the cgroup hierarchy, with those above it: a limit can stand at any level. */
function cgroupFolders(read: (path: string) => string | null, controller: string): string[] {
  const line = read('/proc/self/cgroup')
    ?.split('\n')
    .find(text => (controller === '' ? text.startsWith('0::') : text.split(':')[1]?.split(',').includes(controller)))
  const own = line?.split(':')[2] ?? '/'
  const root = controller === '' ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${controller}`
  const parts = own.split('/').filter(Boolean)
  return parts.map((_, depth) => `${root}/${parts.slice(0, parts.length - depth).join('/')}`).concat(root)
}

function cgroupProcessors(read: (path: string) => string | null): number | undefined {
  const limits: number[] = []
  for (const folder of cgroupFolders(read, '')) {
    const [quota, period] = read(`${folder}/cpu.max`)?.split(' ') ?? []
    if (quota && period && quota !== 'max') limits.push(Number(quota) / Number(period))
  }
  for (const folder of cgroupFolders(read, 'cpu')) {
    const quota = Number(read(`${folder}/cpu.cfs_quota_us`) ?? -1)
    const period = Number(read(`${folder}/cpu.cfs_period_us`) ?? 0)
    if (quota > 0 && period > 0) limits.push(quota / period)
  }
  return limits.length > 0 ? Math.min(...limits) : undefined
}

function cgroupMemory(read: (path: string) => string | null): number | undefined {
  const texts = [
    ...cgroupFolders(read, '').map(folder => read(`${folder}/memory.max`)),
    ...cgroupFolders(read, 'memory').map(folder => read(`${folder}/memory.limit_in_bytes`)),
  ]
  const limits = texts.map(Number).filter(value => Number.isFinite(value) && value > 0 && value < 2 ** 60)
  return limits.length > 0 ? Math.min(...limits) : undefined
}

function availableMemory(read: (path: string) => string | null): number {
  const line = /MemAvailable:\s+(\d+) kB/.exec(read('/proc/meminfo') ?? '')?.[1]
  return line ? Number(line) * 1024 : freemem()
}
