// Bundles src/main/*.ts into dist/. Safe to run twice at once, and under a running holdfast: files
// are moved into place whole, the entries last, and old chunks stay for a while.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const KEEP_OLD_CHUNKS_MS = 60 * 60 * 1000

// To open one more chunk takes as long as to compile a few hundred lines: what nearly every command
// that reads a vault needs is not in many, but each of these and what it imports in one.
const TOGETHER = {
  vault: ['vault/opened-vault', 'timeline/head-memory', 'timeline/timeline-memory'],
  reading: [
    'history/entity-at',
    'segment/find-versions',
    'segment/read-state',
    'segment/state-finder',
    'timeline/locate-point',
  ],
  customer: ['app/find-sources-at', 'app/read-map', 'customer/find-party'],
}

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const startedAt = new Date()
/** Of every module that is assigned one. */
let chunks

const entries = ['cli', 'capture-thread'].filter((name) =>
  existsSync(join(root, 'src/main', `${name}.ts`)),
)
const input = Object.fromEntries(
  entries.map((name) => [name, join(root, 'src/main', `${name}.ts`)]),
)

const bundle = await rolldown({
  cwd: root,
  input,
  platform: 'node',
  // Nobody imports from an entry.
  preserveEntrySignatures: 'allow-extension',
  // Optional parts of the driver that are not installed and not wanted.
  external: ['pg-native', 'pg-cloudflare'],
  onLog(level, log, handle) {
    // Left as it is, such an import would be looked for when the command that needs it runs.
    if (log.code === 'UNRESOLVED_IMPORT') handle('error', log)
    if (level !== 'info') handle(level, log)
  },
})

await mkdir(dist, { recursive: true })
const fresh = await mkdtemp(join(dist, 'building-'))
try {
  await bundle.write({
    dir: fresh,
    // Loads in less time than modules do, which counts at every start; see bin/run-bundle.cjs.
    format: 'cjs',
    dynamicImportInCjs: false,
    sourcemap: true,
    minify: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunks/[name]-[hash].cjs',
    assetFileNames: 'chunks/[name]-[hash][extname]',
    codeSplitting: {
      groups: [{ name: chunkOf, debugName: 'together' }],
      includeDependenciesRecursively: false,
    },
  })
  await publish()
} finally {
  await bundle.close()
  await rm(fresh, { recursive: true, force: true })
}
await removeOldChunks()

/** Where a module goes that does not go where only those who import it need it. */
function chunkOf(id, graph) {
  chunks ??= assignChunks(graph)
  return chunks.get(id) ?? null
}

/** What a start loads, too, goes by itself: whoever loads it must not start another. */
function assignChunks(graph) {
  const start = new Set()
  reach(graph, join(root, 'src/main/cli.ts'), start)
  const threads = new Set()
  reach(graph, join(root, 'src/main/capture-thread.ts'), threads)
  const assigned = new Map([...threads].map((id) => [id, start.has(id) ? 'start' : null]))
  for (const [name, modules] of Object.entries(TOGETHER)) {
    const wanted = new Set()
    for (const module of modules) reach(graph, join(root, 'src', `${module}.ts`), wanted)
    for (const id of wanted) assigned.set(id, start.has(id) ? 'start' : (assigned.get(id) ?? name))
  }
  return assigned
}

/** Adds a module and all that it imports at once. */
function reach(graph, id, reached) {
  if (reached.has(id)) return
  reached.add(id)
  const module = graph.getModuleInfo(id)
  if (module === null) throw new Error(`Cannot put ${id} into a chunk: found no such module`)
  for (const imported of module.importedIds) reach(graph, imported, reached)
}

async function publish() {
  await mkdir(join(dist, 'chunks'), { recursive: true })
  const files = await readdir(fresh, { recursive: true, withFileTypes: true })
  const names = files
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(fresh.length + 1))
    // Chunks before the entries that name them; cli.cjs last, as its time says what was built.
    .sort((a, b) => rank(a) - rank(b))
  for (const name of names) {
    // The time the build began: a source changed meanwhile is newer and built again.
    await utimes(join(fresh, name), startedAt, startedAt)
    await rename(join(fresh, name), join(dist, name))
  }
}

function rank(name) {
  if (name.startsWith('chunks/')) return 0
  return name === 'cli.cjs' ? 2 : 1
}

async function removeOldChunks() {
  const folder = join(dist, 'chunks')
  for (const name of await readdir(folder)) {
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Infinity }))
    if (startedAt.getTime() - mtimeMs > KEEP_OLD_CHUNKS_MS)
      await rm(join(folder, name), { force: true })
  }
}
