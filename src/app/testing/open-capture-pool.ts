import { tmpdir } from 'node:os'
import { captureEntity } from '#capture/capture-entity'
import { systemRandom } from '#stdx/random'
import { signal } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import type { CapturePool } from '../context.ts'

/** Captures in this thread, one entity after the other. */
export async function openCapturePool(vault: Vault, source: string): Promise<CapturePool> {
  const stores = { random: systemRandom, tempDir: tmpdir() }
  const write = await vault.writeDeps(source, signal)
  const read = await vault.readDeps(source, signal)
  const deps = { ...stores, write, read, digestKey: await vault.digestKey(source, signal) }
  return {
    captureEntity: (job, rows, watch) => captureEntity(deps, job, rows, watch),
    async [Symbol.asyncDispose]() {},
  }
}
