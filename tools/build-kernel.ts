import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from './project-files.ts'

/**
 * Compiles the hot loops of the segment room and keeps them as a TypeScript module, so that nobody
 * needs the compiler to run Holdfast: `node tools/build-kernel.ts`. A test compiles again and compares.
 */
const FOLDER = 'src/segment/kernel'
const SOURCES = ['rows', 'digests', 'keys'].map((name) => `${FOLDER}/${name}.as.ts`)
const TARGET = `${FOLDER}/kernel-wasm.ts`

/** The module's bytes, the same for the same source and compiler. */
export async function compileKernel(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-kernel-'))
  const output = join(folder, 'kernel.wasm')
  const compiler = join(projectRoot, 'node_modules/assemblyscript/bin/asc.js')
  const flags = ['-O3', '--enable', 'simd', '--runtime', 'stub', '--noAssert', '--use', 'abort=']
  try {
    await promisify(execFile)(process.execPath, [compiler, ...SOURCES, '-o', output, ...flags], {
      cwd: projectRoot,
    })
    return await readFile(output)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The text of the module that holds them. */
export function formatKernelModule(wasm: Buffer): string {
  return `/** The loops in \`*.as.ts\`, compiled by \`tools/build-kernel.ts\`; never edited by hand. */
export const KERNEL_WASM_BASE64 =
  '${wasm.toString('base64')}'
`
}

if (import.meta.main) {
  await writeFile(join(projectRoot, TARGET), formatKernelModule(await compileKernel()))
}
