// Bundles src/main/*.ts into dist/. Safe to run twice at once, and under a running holdfast: files
// are moved into place whole, the entries last, and old chunks stay for a while.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const KEEP_OLD_CHUNKS_MS = 60 * 60 * 1000

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const startedAt = new Date()

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
  })
  await publish()
} finally {
  await bundle.close()
  await rm(fresh, { recursive: true, force: true })
}
await removeOldChunks()

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
