import type { Customer } from './customer.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Bytes that stand for a file: a readable head, and for a scan noise as compressed pictures are. */
export function createDocument(
  random: SeededRandom,
  customer: Customer,
  { kind, isScan }: { kind: string; isScan: boolean },
): Uint8Array {
  const head = `%PDF-1.7\n% Example document, not a real one\n${kind}\n${customer.name}\n${customer.taxId}\n`
  const noise = random.bytes(isScan ? random.between(70_000, 260_000) : random.between(40, 200))
  return Buffer.concat([Buffer.from(head), noise])
}
