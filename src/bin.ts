#!/usr/bin/env node
import { main } from './main.ts'
import { modalities } from './modalities/index.ts'

await main(modalities)
