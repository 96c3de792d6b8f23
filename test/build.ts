import { execFileSync } from 'node:child_process'

/** The tests that run the program as a user would run what is built from the sources as they stand. */
export default function build(): void {
  execFileSync(process.execPath, ['build.mjs'], { stdio: 'inherit' })
}
