import { citing } from '../citations.ts'

/** What the methods of this slice rest on: citation key to reference. */
export const REFERENCES = {
  vanhoudt2026:
    'van Houdt PJ, Václavů L, Sourbron S, et al. ESR Essentials: perfusion MRI: practice recommendations by the European Society for Magnetic Resonance in Medicine and Biology. Eur Radiol (2026). doi:10.1007/s00330-025-12306-5',
  alsop2015:
    'Alsop DC, Detre JA, Golay X, et al. Recommended implementation of arterial spin-labeled perfusion MRI for clinical applications. Magn Reson Med 73:102-116 (2015). doi:10.1002/mrm.25197',
  buxton1998:
    'Buxton RB, Frank LR, Wong EC, et al. A general kinetic model for quantitative perfusion imaging with arterial spin labeling. Magn Reson Med 40:383-396 (1998). doi:10.1002/mrm.1910400308',
  wong1998:
    'Wong EC, Buxton RB, Frank LR. Quantitative imaging of perfusion using a single subtraction (QUIPSS and QUIPSS II). Magn Reson Med 39:702-708 (1998). doi:10.1002/mrm.1910390506',
  woods2024:
    'Woods JG, Achten E, Asllani I, et al. Recommendations for quantitative cerebral perfusion MRI using multi-timepoint arterial spin labeling: acquisition, quantification, and clinical applications. Magn Reson Med 92:469-495 (2024). doi:10.1002/mrm.30091',
  chappell2010:
    'Chappell MA, MacIntosh BJ, Donahue MJ, et al. Separation of macrovascular signal in multi-inversion time arterial spin labelling MRI. Magn Reson Med 63:1357-1365 (2010). doi:10.1002/mrm.22320',
  teeuwisse2014:
    'Teeuwisse WM, Schmid S, Ghariq E, et al. Time-encoded pseudocontinuous arterial spin labeling: basic properties and timing strategies for human applications. Magn Reson Med 72:1712-1722 (2014). doi:10.1002/mrm.25083',
  dai2012:
    'Dai W, Robson PM, Shankaranarayanan A, Alsop DC. Reduced resolution transit delay prescan for quantitative continuous arterial spin labeling perfusion imaging. Magn Reson Med 67:1252-1265 (2012). doi:10.1002/mrm.23103',
  luh1999:
    'Luh WM, Wong EC, Bandettini PA, Hyde JS. QUIPSS II with thin-slice TI1 periodic saturation (Q2TIPS). Magn Reson Med 41:1246-1254 (1999). doi:10.1002/(SICI)1522-2594(199906)41:6<1246::AID-MRM22>3.0.CO;2-N',
  garcia2005:
    'Garcia DM, Duhamel G, Alsop DC. Efficiency of inversion pulses for background suppressed arterial spin labeling. Magn Reson Med 54:366-372 (2005). doi:10.1002/mrm.20556',
  hales2016:
    'Hales PW, Kirkham FJ, Clark CA. A general model to calculate the spin-lattice (T1) relaxation time of blood. J Cereb Blood Flow Metab 36:370-374 (2016). doi:10.1177/0271678X15605856',
  dolui2024:
    'Dolui S, Wang Z, Wolf RL, et al. Automated quality evaluation index for arterial spin labeling derived cerebral blood flow maps. J Magn Reson Imaging 60:2497-2508 (2024). doi:10.1002/jmri.29308',
  dolui2017:
    'Dolui S, Wang Z, Shinohara RT, et al. Structural Correlation-based Outlier Rejection (SCORE) algorithm for arterial spin labeling time series. J Magn Reson Imaging 45:1786-1797 (2017). doi:10.1002/jmri.25436',
  asllani2008:
    'Asllani I, Borogovac A, Brown TR. Regression algorithm correcting for partial volume effects in arterial spin labeling MRI. Magn Reson Med 60:1362-1371 (2008). doi:10.1002/mrm.21670',
  mutsaerts2017:
    'Mutsaerts HJMM, Petr J, Václavů L, et al. The spatial coefficient of variation in arterial spin labeling cerebral blood flow images. J Cereb Blood Flow Metab 37:3184-3192 (2017). doi:10.1177/0271678X16683690',
  suzuki2024:
    'Suzuki Y, Clement P, Dai W, et al. ASL lexicon and reporting recommendations: a consensus report from the ISMRM Open Science Initiative for Perfusion Imaging (OSIPI). Magn Reson Med 91:1743-1760 (2024). doi:10.1002/mrm.29815',
} as const

export const { cite, citedIn } = citing(REFERENCES)
