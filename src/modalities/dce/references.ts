import { citing } from '../citations.ts'

/** What the methods of this slice rest on: citation key to reference. */
export const REFERENCES = {
  vanhoudt2026:
    'van Houdt PJ, Václavů L, Sourbron S, et al. ESR Essentials: perfusion MRI: practice recommendations by the European Society for Magnetic Resonance in Medicine and Biology. Eur Radiol (2026). doi:10.1007/s00330-025-12306-5',
  sourbron2012:
    'Sourbron SP, Buckley DL. Tracer kinetic modelling in MRI: estimating perfusion and capillary permeability. Phys Med Biol 57:R1-R33 (2012). doi:10.1088/0031-9155/57/2/R1',
  schabel2008:
    'Schabel MC, Parker DL. Uncertainty and bias in contrast concentration measurements using spoiled gradient echo pulse sequences. Phys Med Biol 53:2345-2373 (2008). doi:10.1088/0031-9155/53/9/010',
  flouri2016:
    'Flouri D, Lesnic D, Sourbron SP. Fitting the two-compartment model in DCE-MRI by linear inversion. Magn Reson Med 76:998-1006 (2016). doi:10.1002/mrm.25991',
  cheong2003:
    'Cheong LH, Koh TS, Hou Z. An automatic approach for estimating bolus arrival time in dynamic contrast MRI using piecewise continuous regression models. Phys Med Biol 48:N83-N88 (2003). doi:10.1088/0031-9155/48/5/403',
  parker2006:
    'Parker GJM, Roberts C, Macdonald A, et al. Experimentally-derived functional form for a population-averaged high-temporal-resolution arterial input function. Magn Reson Med 56:993-1000 (2006). doi:10.1002/mrm.21066',
  hurvich1989:
    'Hurvich CM, Tsai CL. Regression and time series model selection in small samples. Biometrika 76:297-307 (1989). doi:10.1093/biomet/76.2.297',
  kuhl1999:
    'Kuhl CK, Mielcareck P, Klaschik S, et al. Dynamic breast MR imaging: are signal intensity time course data useful for differential diagnosis of enhancing lesions? Radiology 211:101-110 (1999). doi:10.1148/radiology.211.1.r99ap38101',
} as const

export const { cite, citedIn } = citing(REFERENCES)
