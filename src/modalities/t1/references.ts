import { citing } from '../citations.ts'

/** What the methods of this slice rest on: citation key to reference. */
export const REFERENCES = {
  vanhoudt2026:
    'van Houdt PJ, Václavů L, Sourbron S, et al. ESR Essentials: perfusion MRI: practice recommendations by the European Society for Magnetic Resonance in Medicine and Biology. Eur Radiol (2026). doi:10.1007/s00330-025-12306-5',
  deoni2003:
    'Deoni SC, Rutt BK, Peters TM. Rapid combined T1 and T2 mapping using gradient recalled acquisition in the steady state. Magn Reson Med 49:515-526 (2003). doi:10.1002/mrm.10407',
  deoni2007:
    'Deoni SCL. High-resolution T1 mapping of the brain at 3T with driven equilibrium single pulse observation of T1 with high-speed incorporation of RF field inhomogeneities (DESPOT1-HIFI). J Magn Reson Imaging 26:1106-1111 (2007). doi:10.1002/jmri.21130',
  chang2008:
    'Chang LC, Koay CG, Basser PJ, Pierpaoli C. Linear least-squares method for unbiased estimation of T1 from SPGR signals. Magn Reson Med 60:496-501 (2008). doi:10.1002/mrm.21669',
  barral2010:
    'Barral JK, Gudmundson E, Stikov N, et al. A robust methodology for in vivo T1 mapping. Magn Reson Med 64:1057-1067 (2010). doi:10.1002/mrm.22497',
} as const

export const { cite, citedIn } = citing(REFERENCES)
