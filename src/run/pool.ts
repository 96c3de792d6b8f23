import { fork } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import PQueue, { type Queue, type QueueAddOptions } from 'p-queue'

/** How a child process ended. */
export type Ending =
  | { readonly kind: 'done'; readonly value: unknown; readonly said: string }
  | { readonly kind: 'crashed'; readonly stack: string; readonly said: string }
  | { readonly kind: 'killed'; readonly signal: string | null; readonly code: number | null; readonly said: string }

/** What a child sends back. */
export type Answer =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'crashed'; readonly stack: string }

/** The word on a child's command line that makes it a worker. */
export const WORKER_WORD = '--worker'

/** How much of what a child says on stderr is kept for the crash file [characters]. */
const SAID_LIMIT = 64_000

/**
 * Do one piece of work in a child process of its own: a fork of the program, which gets the work as JSON and answers once.
 *
 * Whatever happens to the child (a crash, the kernel's out-of-memory killer) is an {@link Ending}, never an exception.
 *
 * @param entry - the program's entry file
 * @param work - plain JSON
 * @param signal - when it aborts, the child is asked to end, and killed 5 s later
 * @param later - plain JSON that the child is sent when it is known, and may wait for
 * @param flags - of the child's Node; those of this process where absent
 */
export function workInChild(
  entry: string,
  work: unknown,
  signal: AbortSignal,
  later?: Promise<unknown>,
  flags?: readonly string[],
): Promise<Ending> {
  // As many children as run at once listen to one signal.
  setMaxListeners(0, signal)
  return new Promise(resolve => {
    const child = fork(entry, [WORKER_WORD], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      ...(flags ? { execArgv: [...flags] } : {}),
    })
    let said = ''
    let answer: Answer | undefined
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-SAID_LIMIT)
    })
    child.on('message', (message: Answer) => {
      answer = message
    })
    let last: NodeJS.Timeout | undefined
    const stop = () => {
      child.kill('SIGTERM')
      last = setTimeout(() => child.kill('SIGKILL'), 5000)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    const end = (ending: Ending) => {
      clearTimeout(last)
      signal.removeEventListener('abort', stop)
      resolve(ending)
    }
    child.on('error', error => end({ kind: 'crashed', stack: error.stack ?? error.message, said }))
    child.on('close', (code, killedBy) => {
      if (answer?.kind === 'done') end({ kind: 'done', value: answer.value, said })
      else if (answer) end({ kind: 'crashed', stack: answer.stack, said })
      else end({ kind: 'killed', signal: killedBy, code, said })
    })
    const send = (message: { work: unknown } | { later: unknown }) =>
      child.connected &&
      child.send(message, error => {
        if (error) said += `${error.message}\n`
      })
    send({ work })
    later?.then(
      value => send({ later: value }),
      error => {
        said += `${String(error)}\n`
        stop()
      },
    )
  })
}

/** A job that waits for a place: how much memory it will take [bytes]. */
interface Waiting {
  readonly memory: number
  readonly run: () => Promise<unknown>
}

type JobOptions = QueueAddOptions & { readonly memory?: number }

/** A pool of places for child processes. */
export interface Pool {
  /** Runs the job when a processor and its memory are free; jobs start in the order given, smaller ones may overtake. */
  add<T>(memory: number, job: () => Promise<T>): Promise<T>
}

/**
 * A pool with two kinds of token: processors, counted by the queue, and memory, counted here.
 *
 * A job that asks for more memory than there is runs alone rather than never: its estimate may be too high, and if it is
 * not, its end is reported as what it was.
 *
 * @param processors - jobs at once
 * @param memory - memory for all of them together [bytes]
 */
export function makePool(processors: number, memory: number): Pool {
  let free = memory
  let running = 0
  const waiting: Waiting[] = []
  const fits = (job: Waiting) => running === 0 || job.memory <= free
  class MemoryQueue implements Queue<() => Promise<unknown>, JobOptions> {
    /** Only jobs that could start now are counted: the queue asks for no others. */
    get size(): number {
      return waiting.filter(fits).length
    }
    enqueue(run: () => Promise<unknown>, options?: Partial<JobOptions>): void {
      waiting.push({ run, memory: Math.min(options?.memory ?? 0, memory) })
    }
    dequeue(): (() => Promise<unknown>) | undefined {
      const index = waiting.findIndex(fits)
      const [job] = index < 0 ? [] : waiting.splice(index, 1)
      if (!job) return undefined
      free -= job.memory
      running++
      return job.run
    }
    filter(): (() => Promise<unknown>)[] {
      return waiting.map(job => job.run)
    }
    setPriority(): void {
      throw new Error('jobs have no priority')
    }
  }
  const queue = new PQueue<MemoryQueue, JobOptions>({ concurrency: processors, queueClass: MemoryQueue })
  return {
    add: <T>(need: number, job: () => Promise<T>) =>
      queue.add(
        async () => {
          try {
            return await job()
          } finally {
            // Before the queue looks for the next job, so that it sees the memory that is free again.
            free += Math.min(need, memory)
            running--
          }
        },
        { memory: need },
      ),
  }
}
