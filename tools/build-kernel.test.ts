import { expect, test } from 'vitest'
import { compileKernel, formatKernelModule } from './build-kernel.ts'
import { readProjectFile } from './project-files.ts'

test('kernel-wasm.ts is what the loops beside it compile to', async () => {
  const committed = readProjectFile('src/segment/kernel/kernel-wasm.ts')
  expect(formatKernelModule(await compileKernel())).toBe(committed)
})
