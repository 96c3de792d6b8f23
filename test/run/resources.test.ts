import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { grantedResources } from '../../src/run/resources.ts'

/** What a process may use: the smallest of what affinity, cgroups, the batch system and the machine say. */

const GIB = 1024 ** 3
const MEMINFO = { '/proc/meminfo': `MemTotal: ${64 * 1024 ** 2} kB\nMemAvailable:   ${32 * 1024 ** 2} kB` }
const granted = (env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) => {
  const all: Readonly<Record<string, string>> = { ...MEMINFO, ...files }
  const { processors, memory } = grantedResources(env, path => all[path] ?? null)
  return [processors, Math.round((1000 * memory) / GIB) / 1000]
}
const machine = availableParallelism()
const free = 28.8

describe('the grant', () => {
  it('is the machine where nothing is said: its affinity, and 90 percent of the memory that is free', () => {
    expect(granted({})).toEqual([machine, free])
  })

  it.each([
    ['Slurm, processors and memory of the node', { SLURM_CPUS_PER_TASK: '1', SLURM_MEM_PER_NODE: '4096' }, [1, 3.6]],
    ['Slurm, memory for each processor', { SLURM_CPUS_ON_NODE: '1', SLURM_MEM_PER_CPU: '2048' }, [1, 1.8]],
    ['PBS', { PBS_NP: '1' }, [1, free]],
    ['PBS Pro', { NCPUS: '1' }, [1, free]],
    ['SGE', { NSLOTS: '1' }, [1, free]],
    ['LSF', { LSB_DJOB_NUMPROC: '1' }, [1, free]],
    [
      'a variable that says nothing',
      { SLURM_CPUS_PER_TASK: '', SLURM_MEM_PER_NODE: '0', NSLOTS: 'all' },
      [machine, free],
    ],
    ['more than the machine has', { SLURM_CPUS_PER_TASK: '512', SLURM_MEM_PER_NODE: '1000000' }, [machine, free]],
  ] satisfies [string, Record<string, string>, number[]][])('of %s', (_, env, expected) => {
    expect(granted(env)).toEqual(expected)
  })

  it.each([
    [
      'version 2, at a level above the own',
      {
        '/proc/self/cgroup': '0::/slurm/job_1/step_0',
        '/sys/fs/cgroup/slurm/job_1/memory.max': String(2 * GIB),
        '/sys/fs/cgroup/slurm/job_1/cpu.max': '100000 100000',
        '/sys/fs/cgroup/slurm/job_1/step_0/memory.max': 'max',
        '/sys/fs/cgroup/slurm/job_1/step_0/cpu.max': 'max 100000',
      },
    ],
    [
      'version 2 of a container',
      {
        '/proc/self/cgroup': '0::/',
        '/sys/fs/cgroup/memory.max': String(2 * GIB),
        '/sys/fs/cgroup/cpu.max': '150000 100000',
      },
    ],
    [
      'version 1',
      {
        '/proc/self/cgroup': '4:memory:/job\n3:cpu,cpuacct:/job',
        '/sys/fs/cgroup/memory/job/memory.limit_in_bytes': String(2 * GIB),
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
        '/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us': '100000',
        '/sys/fs/cgroup/cpu/job/cpu.cfs_period_us': '100000',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
      },
    ],
  ])('of a cgroup, %s', (_, files) => {
    expect(granted({}, files)).toEqual([1, 1.8])
  })

  it('is at least one processor, and the smallest of all that is said', () => {
    const half = { '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': '50000 100000' }
    expect(granted({}, half)).toEqual([1, free])
    const files = { '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/memory.max': String(8 * GIB) }
    expect(granted({ SLURM_MEM_PER_NODE: '4096' }, files)[1]).toBe(3.6)
    expect(granted({ SLURM_MEM_PER_NODE: '16384' }, files)[1]).toBe(7.2)
  })
})
