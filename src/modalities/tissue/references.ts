import { citing } from '../citations.ts'

/** What the methods of this slice rest on: citation key to reference. */
export const REFERENCES = {
  smith2002:
    'Smith SM. Fast robust automated brain extraction. Hum Brain Mapp 17:143-155 (2002). doi:10.1002/hbm.10062',
  santago1995:
    'Santago P, Gage HD. Statistical models of partial volume effect. IEEE Trans Image Process 4:1531-1540 (1995). doi:10.1109/83.469934',
  vanleemput1999:
    'Van Leemput K, Maes F, Vandermeulen D, Suetens P. Automated model-based tissue classification of MR images of the brain. IEEE Trans Med Imaging 18:897-908 (1999). doi:10.1109/42.811270',
} as const

export const { cite, citedIn } = citing(REFERENCES)
