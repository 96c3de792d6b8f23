import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { constants, gunzipSync } from 'node:zlib'
import { type Problem, problem } from '../problems.ts'
import { type FileLike, fileLike } from './disk.ts'
import { isObject } from './json.ts'

/** One issue as the schema validator reports it. Plain JSON. */
export interface ValidatorIssue {
  readonly code: string
  readonly subCode?: string
  readonly severity: string
  /** Path in the dataset, with a leading slash; absent for an issue of the dataset as a whole. */
  readonly location?: string
  readonly rule?: string
  readonly issueMessage?: string
}

/** What the validator says of a dataset. Plain JSON. */
export interface Validation {
  readonly issues: readonly ValidatorIssue[]
  /** Version of the BIDS schema that was applied. */
  readonly schemaVersion: string
}

/** Codes that judge how a file is named and where it lies. */
const FILE_NAME_CODES = new Set([
  'NOT_INCLUDED',
  'ALL_FILENAME_RULES_HAVE_ISSUES',
  'ENTITY_NOT_IN_RULE',
  'MISSING_REQUIRED_ENTITY',
  'INVALID_ENTITY_LABEL',
  'DATATYPE_MISMATCH',
  'EXTENSION_MISMATCH',
  'INVALID_LOCATION',
  'FILENAME_MISMATCH',
])

/**
 * Codes that never keep a run from its data: what other participants have (a sparse checkout holds one of them), what
 * is advice, a sidecar whose image is ignored, which a run that reads it knows better, and what compares metadata with a table or the
 * header of an image: runs do that themselves, and the validator misreads headers of NIfTI-2 in the other byte order.
 */
const NEVER_FATAL =
  /RECOMMENDED|README|AUTHORS|^PARTICIPANT_ID_MISMATCH$|^SIDECAR_WITHOUT_DATAFILE$|NOT_CONSISTENT|NOT_MATCHING_(NIFTI|ASLCONTEXT_TSV)|^NIFTI_HEADER_UNREADABLE$/

/**
 * The errors of a validation that keep a run from its data, as `VALIDATION_FAILED`, each once.
 *
 * @remarks
 * Only errors count, and only in files that the run reads. Dropped are rules of naming for files that discovery has
 * recognised (contrast series have no BIDS name), and what is in {@link NEVER_FATAL}. Content that is not here is not
 * judged: {@link runValidator} drops issues in such files.
 *
 * @param issues - of {@link runValidator}
 * @param files - paths of the files that the run reads, relative to the dataset: images and their companions
 * @param recognised - those of them that discovery has recognised by a name that BIDS does not know
 */
export function validationProblems(
  issues: readonly ValidatorIssue[],
  files: ReadonlySet<string>,
  recognised: ReadonlySet<string>,
): Problem[] {
  const messages = new Map<string, string>()
  for (const issue of issues) {
    const file = (issue.location ?? '').replace(/^\//, '')
    if (issue.severity !== 'error' || !files.has(file)) continue
    if (NEVER_FATAL.test(issue.code) || (issue.subCode !== undefined && NEVER_FATAL.test(issue.subCode))) continue
    if (FILE_NAME_CODES.has(issue.code) && recognised.has(file)) continue
    messages.set(sentence(issue, file), file)
  }
  return [...messages].map(([message, file]) => problem('VALIDATION_FAILED', message, { file }))
}

function sentence(issue: ValidatorIssue, file: string): string {
  const code = issue.subCode === undefined ? issue.code : `${issue.code} ${issue.subCode}`
  const said = (issue.issueMessage ?? '').replace(/\s+/g, ' ').trim().replace(/\.$/, '')
  const says = said === '' ? '' : ` (${said})`
  const rule = issue.rule === undefined ? '' : `, rule ${issue.rule}`
  return `${file}: the BIDS validator reports ${code}${says}${rule}; correct the file, or run with --skip-bids-validation.`
}

/** What the vendored bundle exports, as far as it is used. */
interface Bundle {
  fileListToTree(files: readonly FileLike[]): Promise<unknown>
  validate(tree: unknown, options: unknown): Promise<unknown>
}

function isBundle(module: unknown): module is Bundle {
  return (
    typeof module === 'object' &&
    module !== null &&
    'fileListToTree' in module &&
    typeof module.fileListToTree === 'function' &&
    'validate' in module &&
    typeof module.validate === 'function'
  )
}

/**
 * Run the BIDS schema validator over some files of a dataset.
 *
 * @remarks
 * The validator sees the listed files and nothing else, so that a large dataset costs what its selected participants
 * cost (about 2 ms a file, after 0.3 s for the schema). Files whose content is not here are shown to it, since their
 * absence would be an error of its own, and no issue in them is passed on. What the bundle prints is dropped.
 *
 * @param root - folder of the dataset
 * @param files - paths relative to it: those of the participants, and those at the root (`.bidsignore` among them)
 * @param bundle - path of `bids-schema-validator.mjs`
 * @throws whatever loading and running the bundle throws: it runs in a process of its own, whose parent says that the
 * dataset was not validated
 */
export async function runValidator(root: string, files: readonly string[], bundle: string): Promise<Validation> {
  const module: unknown = await import(pathToFileURL(resolve(bundle)).href)
  if (!isBundle(module)) throw new Error(`${bundle} is not the bundle of the BIDS schema validator`)
  const shown = files.map(path => withPlainHead(fileLike(join(root, path), `${basename(resolve(root))}/${path}`)))
  const absent = new Set(shown.flatMap((file, at) => (file.isHere ? [] : [files[at]])))
  const result = await quietly(async () =>
    module.validate(await module.fileListToTree(shown), {
      datasetPath: root,
      ignoreNiftiHeaders: false,
      ignoreWarnings: true,
      debug: 'CRITICAL',
      datasetTypes: [],
      blacklistModalities: [],
      recursive: false,
      prune: false,
    }),
  )
  const { issues, summary } = isObject(result) ? result : {}
  const list: unknown = typeof issues === 'object' && issues !== null && 'issues' in issues ? issues.issues : undefined
  if (!Array.isArray(list)) throw new Error(`${bundle} did not answer as the BIDS schema validator does`)
  const plain = list.filter(isObject).map(plainIssue)
  return {
    issues: plain.filter(issue => !absent.has(issue.location?.slice(1))),
    schemaVersion: isObject(summary) ? String(summary['schemaVersion']) : 'unknown',
  }
}

/**
 * A compressed image that shows its first bytes inflated. The bundle inflates them itself and waits for ever where a file
 * (a truncated one, a tiny one) does not hold the 540 bytes it wants; of bytes that are not compressed it takes what
 * there is, and reports an unreadable header.
 */
function withPlainHead(file: FileLike): FileLike {
  if (!file.name.endsWith('.nii.gz')) return file
  const head = async (length: number) => {
    const bytes = Buffer.from(await file.slice(0, 4096).arrayBuffer())
    const plain = inflated(bytes)
    return Uint8Array.from(plain.subarray(0, length)).buffer
  }
  return { ...file, slice: (_, length) => ({ arrayBuffer: () => head(length) }) }
}

/** What a beginning of a gzip stream holds; nothing where it is no such stream. */
function inflated(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
  } catch {
    return Buffer.alloc(0)
  }
}

function plainIssue(issue: Readonly<Record<string, unknown>>): ValidatorIssue {
  const text = (field: string) => (typeof issue[field] === 'string' ? { [field]: issue[field] } : {})
  return {
    code: String(issue['code']),
    severity: String(issue['severity']),
    ...text('subCode'),
    ...text('location'),
    ...text('rule'),
    ...text('issueMessage'),
  }
}

/** Do something while nothing that it logs reaches the terminal. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const
  const before = methods.map(method => [method, console[method]] as const)
  for (const method of methods) console[method] = () => {}
  try {
    return await work()
  } finally {
    for (const [method, print] of before) console[method] = print
  }
}
