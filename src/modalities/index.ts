import { asl } from './asl/index.ts'
import { dce } from './dce/index.ts'
import { dsc } from './dsc/index.ts'
import { ivim } from './ivim/index.ts'
import type { Modality } from './modality.ts'
import { hifi, irt1, vfa } from './t1/index.ts'
import { tissue } from './tissue/index.ts'

/** The slices, in the order of the report. A technique is added with one line here. */
export const modalities: readonly Modality[] = [asl, dsc, dce, ivim, hifi, vfa, irt1, tissue]
