// The main job on a dataset that the program makes itself: simulate, process, gather, and say where to look.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'

const folder = process.argv[2] ?? 'demo'
const perfquant = (...words) => {
  console.log(`\n$ npx perfquant ${words.join(' ')}`)
  const { status } = spawnSync(process.execPath, ['dist/main.js', ...words], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

if (existsSync(folder)) rmSync(folder, { recursive: true })
perfquant('simulate', `${folder}/data`, '--subjects', '2')
perfquant(`${folder}/data`, `${folder}/derivatives`, 'participant', 'group')
console.log(`
Look at
  ${folder}/derivatives/sub-01.html    the report of a participant
  ${folder}/derivatives/group.html     the group page
  ${folder}/derivatives/group_regions.tsv, group_asl.tsv, group_protocol.tsv
  ${folder}/data/derivatives/truth     what the maps should be`)
