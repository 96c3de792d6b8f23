import { main } from '../../src/main.ts'
import { kinds } from './kinds.ts'

await main(kinds)
