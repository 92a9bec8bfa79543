import { createSegmentWriter } from '#segment/create-segment-writer'
import { openRowScanner } from '#segment/scan-rows'
import { aRowBatch, aSchema } from '#segment/testing/segment-fixture'
import { systemRandom } from '#stdx/random'
import type { CaptureBody } from '#timeline/entry'
import type { Vault } from '../vault.ts'
import { aCapture } from './a-capture.ts'
import { signal } from './a-vault.ts'

/** Writes rows as a capture does, in segments that decode, and gives the body that commits them. */
export async function aRealCapture(
  vault: Vault,
  source: string,
  { base, text }: { readonly text: string; readonly base?: number },
): Promise<CaptureBody> {
  const schema = aSchema()
  const session = Buffer.from(systemRandom.bytes(16)).toString('hex')
  const digestKey = await vault.digestKey(source, signal)
  const deps = await vault.writeDeps(source, signal)
  let number = 0
  const allocateNumber = () => ++number
  const options = { source, session, schema, allocateNumber, digestKey, signal }
  await using writer = createSegmentWriter(deps, options)
  await writer.append(openRowScanner(schema, digestKey).scan(aRowBatch(text)))
  const segments = await writer.finish()
  const change = base === undefined ? { schemas: [schema] } : { base, schemas: [] }
  return await aCapture(vault, source, { session, segments, ...change })
}
