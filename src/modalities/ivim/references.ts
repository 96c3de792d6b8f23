import { citing } from '../citations.ts'

/** What the methods of this slice rest on: citation key to reference. */
export const REFERENCES = {
  vanhoudt2026:
    'van Houdt PJ, Václavů L, Sourbron S, et al. ESR Essentials: perfusion MRI: practice recommendations by the European Society for Magnetic Resonance in Medicine and Biology. Eur Radiol (2026). doi:10.1007/s00330-025-12306-5',
  lebihan1988:
    'Le Bihan D, Breton E, Lallemand D, et al. Separation of diffusion and perfusion in intravoxel incoherent motion MR imaging. Radiology 168:497-505 (1988). doi:10.1148/radiology.168.2.3393671',
  jalnefjord2018:
    'Jalnefjord O, Andersson M, Montelius M, et al. Comparison of methods for estimation of the intravoxel incoherent motion (IVIM) diffusion coefficient (D) and perfusion fraction (f). MAGMA 31:715-723 (2018). doi:10.1007/s10334-018-0697-5',
  neil1993:
    'Neil JJ, Bretthorst GL. On the use of Bayesian probability theory for analysis of exponential decay data: an example taken from intravoxel incoherent motion experiments. Magn Reson Med 29:642-647 (1993). doi:10.1002/mrm.1910290510',
  orton2014:
    'Orton MR, Collins DJ, Koh DM, Leach MO. Improved intravoxel incoherent motion analysis of diffusion weighted imaging by data driven Bayesian modeling. Magn Reson Med 71:411-420 (2014). doi:10.1002/mrm.24649',
  veraart2013:
    'Veraart J, Sijbers J, Sunaert S, et al. Weighted linear least squares estimation of diffusion MRI parameters: strengths, limitations, and pitfalls. Neuroimage 81:335-346 (2013). doi:10.1016/j.neuroimage.2013.05.028',
  jensen2005:
    'Jensen JH, Helpern JA, Ramani A, et al. Diffusional kurtosis imaging: the quantification of non-Gaussian water diffusion by means of magnetic resonance imaging. Magn Reson Med 53:1432-1440 (2005). doi:10.1002/mrm.20508',
  zhang2013:
    'Zhang Q, Wang YX, Ma HT, Yuan J. Cramér-Rao bound for intravoxel incoherent motion diffusion weighted imaging fitting. Annu Int Conf IEEE Eng Med Biol Soc 2013:511-514 (2013). doi:10.1109/EMBC.2013.6609549',
} as const

export const { cite, citedIn } = citing(REFERENCES)
