import type { Grid, Volume } from '../../src/image/volume.ts'
import { problem } from '../../src/problems.ts'
import type { GroupInput } from '../../src/report/group.ts'
import { outliersOf } from '../../src/report/outliers.ts'
import type { Figure, RunRecord, VoxelSample } from '../../src/report/record.ts'
import type { GroupRun, RegionSeries } from '../../src/report/series.ts'

/** Stem of the fixture's outputs. */
export const STEM = 'sub-01/perf/sub-01'

/** An image without a file. */
export function volumeOf(grid: Grid, data: Volume['data'], frames = 1): Volume {
  return { grid, frames, data, slope: 1, intercept: 0, header: new Uint8Array(348) }
}

/** 20 × 24 × 12 voxels of 8 × 7 × 8 mm, in the order right, front, head. */
export const GRID: Grid = { shape: [20, 24, 12], affine: [8, 0, 0, -76, 0, 7, 0, -80, 0, 0, 8, -40] }

/** An egg of grey around white matter, with a few voxels that could not be fitted. */
export function brain(): Record<string, Volume> {
  const [nx, ny, nz] = GRID.shape
  const n = nx * ny * nz
  const [cbf, m0, gm, wm] = [new Float32Array(n), new Float32Array(n), new Float32Array(n), new Float32Array(n)]
  const [mask, status] = [new Uint8Array(n), new Uint8Array(n)]
  for (let v = 0; v < n; v++) {
    const i = v % nx
    const j = Math.floor(v / nx) % ny
    const k = Math.floor(v / (nx * ny))
    const r = Math.hypot((i - 9.5) / 8, (j - 11.5) / 10, (k - 5.5) / 5)
    m0[v] = r < 1.15 ? 900 - 300 * r : 5 + (v % 7)
    if (r > 1) continue
    mask[v] = 1
    gm[v] = r > 0.7 ? 0.9 : 0.05
    wm[v] = r > 0.7 ? 0.05 : 0.9
    cbf[v] = v % 151 === 0 ? Number.NaN : (r > 0.7 ? 58 : 21) + ((v * 7919) % 23) - 11
    status[v] = Number.isNaN(cbf[v]) ? 4 : 1
  }
  return {
    [`${STEM}_cbf.nii.gz`]: volumeOf(GRID, cbf),
    [`${STEM}_mod-asl_desc-ref_asl.nii.gz`]: volumeOf(GRID, m0),
    [`${STEM}_mod-asl_desc-brain_mask.nii.gz`]: volumeOf(GRID, mask),
    [`${STEM}_mod-asl_desc-fitstatus_dseg.nii.gz`]: volumeOf(GRID, status),
    [`${STEM}_mod-asl_label-GM_probseg.nii.gz`]: volumeOf(GRID, gm),
    [`${STEM}_mod-asl_label-WM_probseg.nii.gz`]: volumeOf(GRID, wm),
  }
}

const FIGURES: readonly Figure[] = [
  {
    kind: 'mosaic',
    id: 'mask',
    title: 'Brain mask over the reference image',
    caption: 'The edge follows the brain. Eyes, scalp or neck inside it raise the mean; missing cortex lowers it.',
    image: `${STEM}_mod-asl_desc-ref_asl.nii.gz`,
    window: 'auto',
    colours: 'grey',
    unit: 'a.u.',
    contour: `${STEM}_mod-asl_desc-brain_mask.nii.gz`,
  },
  {
    kind: 'mosaic',
    id: 'cbf',
    title: 'Cerebral blood flow',
    caption:
      'Grey matter two to four times brighter than white, both sides alike. Bright vessels with dark tissue behind them mean blood that had not arrived.',
    image: `${STEM}_cbf.nii.gz`,
    window: [0, 100],
    colours: 'viridis',
    unit: 'mL/100g/min',
    contour: `${STEM}_mod-asl_desc-brain_mask.nii.gz`,
  },
  {
    kind: 'mosaic',
    id: 'status',
    title: 'Fit status',
    caption: '1 (good) throughout. 4 means no signal in that voxel.',
    image: `${STEM}_mod-asl_desc-fitstatus_dseg.nii.gz`,
    window: [0, 6],
    colours: 'labels',
    unit: '1',
  },
  {
    kind: 'lines',
    id: 'deltam',
    title: 'Difference signal over the pairs',
    caption: 'A level line. A single pair that stands out is motion; a drift is heating or a falling label.',
    x: { label: 'Pair', values: Array.from({ length: 15 }, (_, i) => i + 1) },
    y: { label: 'Mean ΔM over the brain / mean M0 (%)' },
    series: [
      {
        label: 'mean over the brain',
        values: [0.71, 0.69, 0.73, 0.7, 0.66, 0.72, 0.74, null, 0.68, 0.7, 0.71, 0.35, 0.7, 0.72, 0.69],
        points: true,
      },
      {
        label: 'running median',
        values: [0.7, 0.71, 0.7, 0.7, 0.7, 0.71, 0.72, 0.71, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7],
      },
    ],
    band: { label: 'expected 0.5 to 1 %', low: 0.5, high: 1 },
  },
  {
    kind: 'histogram',
    id: 'histogram',
    title: 'CBF by tissue',
    caption: 'Two separate peaks, grey matter to the right of white. A peak near zero in grey matter means lost label.',
    image: `${STEM}_cbf.nii.gz`,
    unit: 'mL/100g/min',
    range: [-20, 120],
    groups: [
      { label: 'Grey matter', image: `${STEM}_mod-asl_label-GM_probseg.nii.gz`, above: 0.7 },
      { label: 'White matter', image: `${STEM}_mod-asl_label-WM_probseg.nii.gz`, above: 0.7 },
    ],
    bands: [{ label: 'grey matter, adults', low: 40, high: 100 }],
  },
]

const REFERENCES = {
  alsop2015:
    'Alsop DC, Detre JA, Golay X, et al. Recommended implementation of arterial spin-labeled perfusion MRI for clinical applications. Magn Reson Med 73:102 (2015), doi:10.1002/mrm.25197.',
  lu2004:
    'Lu H, Clingman C, Golay X, van Zijl PCM. Determining the longitudinal relaxation time (T1) of blood at 3.0 Tesla. Magn Reson Med 52:679 (2004), doi:10.1002/mrm.20178.',
}

const RUN = {
  program: { name: 'perfquant', version: '0.1.0' },
  kind: 'asl',
  title: 'Arterial spin labelling, one delay',
  participant: 'sub-01',
  session: null,
  entities: { sub: '01' },
  series: ['bids:raw:sub-01/perf/sub-01_asl.nii.gz'],
  roles: { m0: ['bids:raw:sub-01/perf/sub-01_m0scan.nii.gz'] },
  inputs: [
    {
      uri: 'bids:raw:sub-01/perf/sub-01_asl.nii.gz',
      sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      size: 5_238_112,
      mtimeMs: 0,
    },
    {
      uri: 'bids:raw:sub-01/perf/sub-01_asl.json',
      sha256: '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752',
      size: 812,
      mtimeMs: 0,
    },
    {
      uri: 'bids:raw:sub-01/perf/sub-01_aslcontext.tsv',
      annexKey: 'MD5E-s251--0cc175b9c0f1b6a831c399e269772661.tsv',
      size: 251,
      mtimeMs: 0,
    },
  ],
  options: { 'asl-labeling-efficiency': 0.72, 'asl-m0-fwhm': 0, 'motion-correction': 'rigid', mask: null },
  optionsHash: '5d41402abc4b2a76b9719d911017c592',
  identity: '7d793037a0760186574b0282f2f435e7',
  seed: 20260301,
  references: REFERENCES,
  stage: {
    stage: 'Stage 5 of 6',
    allows:
      'The technique has changed what happens to patients in studies of diagnosis; a single value still needs the reader’s judgement of this scan.',
  },
  site: null,
  viewer: {
    reference: `${STEM}_mod-asl_desc-ref_asl.nii.gz`,
    voxels: `${STEM}_desc-voxels_asl.json`,
  },
  execution: {
    started: '2026-03-01T09:30:00Z',
    seconds: 12.41,
    host: 'node017',
    node: 'v20.20.2',
    container: 'sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865',
    command: 'perfquant /data /out participant --participant-label 01 --asl-labeling-efficiency 0.72 --asl-m0-fwhm 0',
  },
} as const satisfies Partial<RunRecord>

/** A run with everything that a record can hold. */
export function fullRecord(): RunRecord {
  return {
    ...RUN,
    id: 'asl-sub-01',
    label: 'sub-01_asl',
    status: 'complete',
    problems: [
      problem('MOTION_NOT_CORRECTED', 'sub-01_asl.nii.gz: head motion was not corrected (--motion-correction off).', {
        file: 'sub-01/perf/sub-01_asl.nii.gz',
      }),
      problem(
        'FIELD_UNUSUAL',
        'sub-01_asl.json: LabelingDuration is 1.6 s; 1.8 s is recommended. It is used as it stands.',
        { file: 'sub-01/perf/sub-01_asl.json', field: 'LabelingDuration' },
      ),
      problem(
        'GRID_DIFFERS',
        'sub-01_m0scan.nii.gz lies on another grid and was resampled by its scanner coordinates.',
      ),
    ],
    facts: [
      {
        name: 'ArterialSpinLabelingType',
        label: 'Labelling',
        value: 'PCASL',
        unit: '1',
        from: 'sub-01_asl.json: ArterialSpinLabelingType',
      },
      {
        name: 'LabelingDuration',
        label: 'Labelling duration',
        value: 1.6,
        unit: 's',
        from: 'sub-01_asl.json: LabelingDuration',
      },
      {
        name: 'PostLabelingDelay',
        label: 'Post-labelling delay',
        value: 1.5,
        unit: 's',
        from: 'sub-01_asl.json: PostLabelingDelay',
      },
      { name: 'FlipAngle', label: 'Flip angle', value: 90, unit: 'deg', from: 'asl.json: FlipAngle' },
      {
        name: 'BackgroundSuppression',
        label: 'Background suppression',
        value: true,
        unit: '1',
        from: 'sub-01_asl.json: BackgroundSuppression',
      },
      {
        name: 'BackgroundSuppressionNumberPulses',
        label: 'Background suppression pulses',
        value: null,
        unit: '1',
        from: 'would be stated by BackgroundSuppressionNumberPulses',
      },
      {
        name: 'AcquisitionVoxelSize',
        label: 'Voxel size',
        value: [4, 4, 7],
        unit: 'mm',
        from: 'sub-01_asl.json: AcquisitionVoxelSize',
      },
    ],
    parameters: [
      {
        name: 'BloodBrainPartitionCoefficient',
        symbol: 'λ',
        meaning: 'Blood–brain partition coefficient',
        value: 0.9,
        unit: 'mL/g',
        source: 'default',
        defaultSource: 'doi:10.1002/mrm.25197',
      },
      {
        name: 'LabelingEfficiency',
        symbol: 'α',
        meaning: 'Labelling efficiency',
        value: 0.72,
        unit: '1',
        source: 'option',
        from: '--asl-labeling-efficiency',
      },
      {
        name: 'BloodT1',
        symbol: 'T1b',
        meaning: 'Longitudinal relaxation time of blood at 3 T',
        value: 1.65,
        unit: 's',
        source: 'default',
        defaultSource: 'doi:10.1002/mrm.20178',
      },
      {
        name: 'LabelingDuration',
        symbol: 'τ',
        meaning: 'Labelling duration',
        value: 1.6,
        unit: 's',
        source: 'sidecar',
        from: 'sub-01_asl.json',
      },
      {
        name: 'PostLabelingDelay',
        symbol: 'PLD',
        meaning: 'Post-labelling delay',
        value: 1.5,
        unit: 's',
        source: 'sidecar',
        from: 'sub-01_asl.json',
      },
      {
        name: 'M0Scale',
        meaning: 'Scale between the M0 image and the series',
        value: 1,
        unit: '1',
        source: 'default',
        defaultSource: 'perfquant',
      },
    ],
    protocol: [
      {
        rule: 'labelling',
        title: 'Pseudo-continuous labelling',
        verdict: 'pass',
        value: 'PCASL',
        recommended: 'PCASL',
        field: 'ArterialSpinLabelingType',
        says: 'The recommended labelling was used.',
        reference: 'alsop2015',
      },
      {
        rule: 'duration',
        title: 'Labelling duration of 1.8 s',
        verdict: 'warn',
        value: '1.6 s',
        recommended: '1.8 s',
        field: 'LabelingDuration',
        says: 'A shorter label loses signal.',
        reference: 'alsop2015',
      },
      {
        rule: 'delay',
        title: 'Post-labelling delay of 1.8 s',
        verdict: 'fail',
        value: '1.5 s',
        recommended: '1.8 s; 2.0 s over 70 years',
        field: 'PostLabelingDelay',
        says: 'At this delay blood may not have arrived in older people.',
        reference: 'alsop2015',
      },
      {
        rule: 'readout',
        title: 'Readout under 300 ms',
        verdict: 'not assessable',
        value: 'not stated',
        recommended: 'under 300 ms',
        field: 'AcquisitionDuration',
        says: 'The sidecar does not state how long the readout took.',
        reference: 'doi:10.1002/mrm.25197',
      },
      {
        rule: 'age',
        title: 'Delay of 2.0 s over 70 years',
        verdict: 'info',
        value: '64 years',
        recommended: '2.0 s',
        field: 'age',
        says: 'Does not apply at this age.',
        reference: 'alsop2015',
      },
    ],
    equation: {
      title: 'One compartment, all label delivered to the voxel:',
      lines: ['CBF = 6000 · λ · ΔM · exp(PLD / T1b) / (2 · α · T1b · M0 · (1 − exp(−τ / T1b)))'],
      filled: ['CBF = 6000 · 0.9 · ΔM · exp(1.5 / 1.65) / (2 · 0.72 · 1.65 · M0 · (1 − exp(−1.6 / 1.65)))'],
    },
    quality: [
      {
        name: 'tsnr',
        label: 'Temporal signal-to-noise ratio of ΔM',
        value: 1.83,
        unit: '1',
        expected: [1, 20],
        says: 'Mean over standard deviation of the pairs, median over the brain.',
      },
      {
        name: 'scov',
        label: 'Spatial coefficient of variation',
        value: 71.2,
        unit: '%',
        expected: [20, 60],
        says: 'High where blood stands in the arteries.',
      },
      {
        name: 'negative',
        label: 'Negative grey matter',
        value: 3.4,
        unit: '%',
        expected: [0, 10],
        says: 'Voxels of grey matter with negative CBF.',
      },
      {
        name: 'ratio',
        label: 'Grey to white matter',
        value: null,
        unit: '1',
        expected: [2, 4],
        says: 'No tissue maps were found.',
      },
      { name: 'volume', label: 'Brain mask volume', value: 1_412_000, unit: '1', says: 'In mm³.' },
    ],
    figures: FIGURES,
    reliability: [
      { parameter: 'cbf', model: 'single', desc: null, voxels: 1234, valid: 1226, atBound: 12, reliable: 980 },
    ],
    paragraphs: [
      'Cerebral blood flow was computed with the one-compartment model recommended by the ISMRM perfusion study group and the European consortium [@alsop2015], with the T1 of blood at 3 T [@lu2004; @alsop2015].',
      'Differences were taken between neighbouring control and label volumes and averaged.',
    ],
    outputs: [`${STEM}_cbf.nii.gz`, `${STEM}_cbf.json`, `${STEM}_mod-asl_desc-brain_mask.nii.gz`],
  }
}

/** A run that was refused: metadata that no number could be made from. */
export function refusedRecord(): RunRecord {
  return {
    ...RUN,
    id: 'asl-sub-01_acq-multi',
    label: 'sub-01_acq-multi_asl',
    entities: { sub: '01', acq: 'multi' },
    status: 'refused',
    problems: [
      problem(
        'FIELD_UNIT_SUSPECT',
        'sub-01_acq-multi_asl.json: PostLabelingDelay is 1800 s, which looks like milliseconds (1.8 s); BIDS wants seconds.',
        { file: 'sub-01/perf/sub-01_acq-multi_asl.json', field: 'PostLabelingDelay' },
      ),
    ],
    facts: [],
    parameters: [],
    protocol: [],
    equation: null,
    quality: [],
    figures: [],
    reliability: [],
    paragraphs: [],
    viewer: null,
    outputs: [],
  }
}

/** Voxels that the viewer of a run answers for: two of them, with curves of three samples. */
export function sample(): VoxelSample {
  const text = (values: Int32Array | Float32Array | Uint8Array) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
  return {
    shape: GRID.shape,
    affine: GRID.affine,
    of: 1234,
    step: [3, 3, 2],
    voxels: text(Int32Array.of(2670, 2690)),
    parameters: [{ label: 'cbf', unit: 'mL/100g/min', values: text(Float32Array.of(58, 21)) }],
    curves: {
      x: { label: 'difference', values: [1, 2, 3] },
      y: { label: 'ΔM' },
      ranges: text(Float32Array.of(10, 20, 0, 5)),
      measured: text(Uint8Array.of(1, 255, 0, 1, 128, 255)),
      fitted: text(Uint8Array.of(128, 128, 128, 60, 60, 60)),
    },
  }
}

/** A run of the group page, with figures that differ from one to the next. */
export function groupRun(n: number, changes: Partial<GroupRun> = {}): GroupRun {
  const label = String(n).padStart(3, '0')
  const record = n % 17 === 3 ? refusedRecord() : fullRecord()
  const quality = record.quality.map((value, i) => ({
    ...value,
    value: value.value === null ? null : value.value * (1 + (((n * 31 + i * 7) % 19) - 9) / 25),
  }))
  return {
    ...record,
    quality,
    participant: `sub-${label}`,
    entities: { sub: label },
    bidsName: `sub-${label}_asl`,
    href: `sub-${label}.html#run-1`,
    site: null,
    ratings: [],
    isExcluded: false,
    ...changes,
  }
}

/** One parameter in one region. */
export function series(region: string, median: readonly number[], changes: Partial<RegionSeries> = {}): RegionSeries {
  return {
    modality: 'asl',
    model: '',
    param: 'cbf',
    desc: '',
    estimator: 'single-delay',
    units: 'mL/100g/min',
    atlas: 'tissue',
    region,
    source: 'voxels',
    median: Float64Array.from(median),
    mean: Float64Array.from(median, value => value + 1),
    ...changes,
  }
}

/** A dataset of n runs with their region statistics. */
export function groupInput(n: number): GroupInput {
  const runs = Array.from({ length: n }, (_, i) => groupRun(i + 1))
  const regions = ['WM', 'GM', 'brain', 'CSF', 'Left thalamus'].map((region, r) =>
    series(
      region,
      runs.map((run, i) =>
        run.status === 'refused'
          ? Number.NaN
          : [22, 56, 41, 6, 60][r]! + ((i * 37 + r * 11) % 29) - 14 + (i % 13 === 0 ? 25 : 0),
      ),
    ),
  )
  const dictionary = {
    bids_name: { Description: 'Name of the run' },
    median: { Description: 'Median over valid voxels', Units: 'mL/100g/min' },
  }
  return {
    title: 'Perfusion of the group',
    version: '0.1.0',
    tables: [{ name: 'group_asl.tsv', columns: ['bids_name', 'participant_id', 'median'], rows: 5 * n, dictionary }],
    runs,
    series: regions,
    outliers: outliersOf(regions, runs),
    repeatability: [],
    unreadRatings: [],
  }
}
