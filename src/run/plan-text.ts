import type { Plan, PlannedTask } from './task.ts'

/** The plan as JSON: tasks, what was left alone and why, participants. */
export function planJson(plan: Plan): string {
  return `${JSON.stringify({ tasks: plan.tasks.map(({ task }) => task), left: plan.left, participants: plan.participants }, null, 2)}\n`
}

/** The plan for a reader: each run with what was matched, what it will write, and what is wrong with it. */
export function planTable(plan: Plan): string {
  const blocks = plan.tasks.map(taskText)
  const left = plan.left.map(({ image, kind, reason }) => `left alone  ${image} (${kind}): ${reason}`)
  const memory = plan.tasks.reduce((most, { task }) => Math.max(most, task.memory), 0)
  const refused = plan.tasks.filter(({ task }) => task.status === 'refused').length
  const foot = `${plan.tasks.length} runs of ${plan.participants.length} participants, ${refused} refused; the largest takes about ${size(memory)}`
  return `${[...blocks, ...left, foot].join('\n')}\n`
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}

function taskText({ task }: PlannedTask): string {
  const facts = task.facts
    .filter(({ value }) => value !== null)
    .map(
      ({ label, value, unit }) =>
        `${label} ${Array.isArray(value) ? value.join(' ') : String(value)}${unit === '1' ? '' : ` ${unit}`}`,
    )
  const roles = Object.entries(task.roles).map(([role, images]) => `  ${role.padEnd(8)}${images.join(', ')}`)
  return [
    `${task.status.padEnd(9)} ${task.label}, about ${size(task.memory)}`,
    ...task.series.map(path => `  series  ${path}`),
    ...roles,
    ...(task.needs.length > 0 ? [`  needs   ${task.needs.join(', ')}`] : []),
    ...(facts.length > 0 ? [`  facts   ${facts.join('; ')}`] : []),
    ...task.problems.map(({ severity, code, message }) => `  ${severity} ${code}: ${message}`),
    `  writes  ${task.outputs.length} files: ${task.outputs.filter(path => path.endsWith('.nii.gz')).join(', ') || task.outputs.join(', ')}`,
    '',
  ].join('\n')
}
