import { AppError } from '#stdx/app-error'
import { parseObjectName } from '#store/object-name'
import type { ObjectName } from '#store/object-store'

/** Where facts of no single source are logged. No source can be called so. */
export const VAULT_TIMELINE = '_vault'

const SOURCE = /^[a-z][a-z0-9-]{0,62}$/
const SEQ_DIGITS = 10
const ENTRY = /^timelines\/([^/]+)\/([0-9]{10})\.entry$/

/** `timelines/<source>/<seq in 10 digits>.entry`. */
export function formatEntryName(source: string, seq: number): ObjectName {
  return parseObjectName(`timelines/${source}/${String(seq).padStart(SEQ_DIGITS, '0')}.entry`)
}

/** `undefined` for names of anything else. */
export function parseEntryName(name: string): { source: string; seq: number } | undefined {
  const [, source, digits] = ENTRY.exec(name) ?? []
  if (source === undefined || digits === undefined) return undefined
  return { source, seq: Number(digits) }
}

/** @throws timeline.address-invalid unless `text` is the name of a source */
export function parseSourceName(text: string): string {
  if (SOURCE.test(text)) return text
  throw new AppError(
    'timeline.address-invalid',
    `Cannot use "${text}" as the name of a source: need a lower-case letter, then at most 62 letters, digits and dashes`,
    { text },
  )
}
