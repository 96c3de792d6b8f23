import { citing } from '../citations.ts'

/** What the methods of this slice rest on: citation key to reference. */
export const REFERENCES = {
  vanhoudt2026:
    'van Houdt PJ, Václavů L, Sourbron S, et al. ESR Essentials: perfusion MRI: practice recommendations by the European Society for Magnetic Resonance in Medicine and Biology. Eur Radiol (2026). doi:10.1007/s00330-025-12306-5',
  rosen1990:
    'Rosen BR, Belliveau JW, Vevea JM, Brady TJ. Perfusion imaging with NMR contrast agents. Magn Reson Med 14:249-265 (1990). doi:10.1002/mrm.1910140211',
  ostergaard1996:
    'Østergaard L, Weisskoff RM, Chesler DA, Gyldensted C, Rosen BR. High resolution measurement of cerebral blood flow using intravascular tracer bolus passages. Part I. Magn Reson Med 36:715-725 (1996). doi:10.1002/mrm.1910360510',
  wu2003:
    'Wu O, Østergaard L, Weisskoff RM, et al. Tracer arrival timing-insensitive technique for estimating flow in MR perfusion-weighted imaging using singular value decomposition with a block-circulant deconvolution matrix. Magn Reson Med 50:164-174 (2003). doi:10.1002/mrm.10522',
  mouridsen2006:
    'Mouridsen K, Christensen S, Gyldensted L, Østergaard L. Automatic selection of arterial input function using cluster analysis. Magn Reson Med 55:524-531 (2006). doi:10.1002/mrm.20759',
  mouridsen2006vm:
    'Mouridsen K, Friston K, Hjort N, Gyldensted L, Østergaard L, Kiebel S. Bayesian estimation of cerebral perfusion using a physiological model of microvasculature. NeuroImage 33:570-579 (2006). doi:10.1016/j.neuroimage.2006.06.015',
  boxerman2006:
    'Boxerman JL, Schmainda KM, Weisskoff RM. Relative cerebral blood volume maps corrected for contrast agent extravasation significantly correlate with glioma tumor grade. AJNR Am J Neuroradiol 27:859-867 (2006).',
  leu2016:
    'Leu K, Boxerman JL, Cloughesy TF, et al. Improved leakage correction for single-echo dynamic susceptibility contrast perfusion MRI estimates of relative cerebral blood volume in high-grade gliomas by accounting for bidirectional contrast agent exchange. AJNR Am J Neuroradiol 37:1440-1446 (2016). doi:10.3174/ajnr.A4759',
  rempp1994:
    'Rempp KA, Brix G, Wenz F, et al. Quantification of regional cerebral blood flow and volume with dynamic susceptibility contrast-enhanced MR imaging. Radiology 193:637-641 (1994). doi:10.1148/radiology.193.3.7972800',
  straka2010:
    'Straka M, Albers GW, Bammer R. Real-time diffusion-perfusion mismatch analysis in acute stroke. J Magn Reson Imaging 32:1024-1037 (2010). doi:10.1002/jmri.22338',
  willats2011:
    'Willats L, Christensen S, Ma HK, et al. Validating a local arterial input function method for improved perfusion quantification in stroke. J Cereb Blood Flow Metab 31:2189-2198 (2011). doi:10.1038/jcbfm.2011.86',
  cha2007:
    'Cha S, Lupo JM, Chen MH, et al. Differentiation of glioblastoma multiforme and single brain metastasis by peak height and percentage of signal intensity recovery derived from dynamic susceptibility-weighted contrast-enhanced perfusion MR imaging. AJNR Am J Neuroradiol 28:1078-1084 (2007). doi:10.3174/ajnr.A0484',
} as const

export const { cite, citedIn } = citing(REFERENCES)
