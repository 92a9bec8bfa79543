import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { StoryCustomer } from './break-things.ts'
import type { StorageGlimpse } from './demo-report-model.ts'

const GLIMPSE_BYTES = 208

/**
 * Looks at a vault as somebody would who took the folder and no key: a piece of its largest object of
 * rows, and whether texts of the story stand in any byte of it.
 */
export async function glimpseStorage(
  vault: string,
  customer: StoryCustomer,
): Promise<StorageGlimpse> {
  const entries = await readdir(vault, { recursive: true, withFileTypes: true })
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  const texts = [customer.name.split(' ')[0] ?? customer.name, customer.customerNumber, 'NT30']
  const found = texts.map(() => 0)
  let largest = { path: '', sizeBytes: 0 }
  for (const path of paths.sort()) {
    const { size } = await stat(path)
    if (path.endsWith('.rows') && size > largest.sizeBytes) largest = { path, sizeBytes: size }
    const bytes = await readFile(path)
    texts.forEach((text, index) => {
      if (bytes.includes(text)) found[index] = (found[index] ?? 0) + 1
    })
  }
  const bytes = await readFile(largest.path)
  const offset = Math.min(4096, Math.max(0, bytes.length - GLIMPSE_BYTES))
  return {
    object: relative(vault, largest.path),
    sizeBytes: largest.sizeBytes,
    offset,
    hex: bytes.subarray(offset, offset + GLIMPSE_BYTES).toString('hex'),
    bitsPerByte: measureEntropy(bytes),
    objectsSearched: paths.length,
    searches: texts.map((text, index) => ({ text, found: found[index] ?? 0 })),
  }
}

/** Shannon entropy of single bytes, in bits; 8 is noise. */
function measureEntropy(bytes: Uint8Array): number {
  const counts = new Float64Array(256)
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
  return counts.reduce((sum, count) => {
    const share = count / bytes.length
    return count === 0 ? sum : sum - share * Math.log2(share)
  }, 0)
}
