import { AppError, isAppError } from '#stdx/app-error'
import type { Brand } from '#stdx/brand'

/**
 * An entity as its source names it, qualified: `public.customer`, `main."Order Lines"`.
 * Parts that are not plain identifiers are double-quoted, `""` doubled, so that two entities never
 * share a name and a name can be split again.
 */
export type EntityName = Brand<string, 'EntityName'>

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/
const PART = /(?:"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_]*)/y

/** One part of an address: plain when it can be, quoted when it must be. Fields print the same way. */
export function formatName(part: string): string {
  return PLAIN.test(part) ? part : `"${part.replaceAll('"', '""')}"`
}

export function formatEntityName(parts: readonly string[]): EntityName {
  return parts.map(formatName).join('.') as EntityName
}

/** @throws record.entity-invalid when the text is not a dotted list of plain or quoted names */
export function parseEntityName(text: string): EntityName {
  return formatEntityName(splitEntityName(text))
}

/** Whether a text names an entity in the one way in which it is written. */
export function isEntityName(text: string): text is EntityName {
  try {
    return parseEntityName(text) === text
  } catch (error) {
    if (isAppError(error, 'record.entity-invalid')) return false
    throw error
  }
}

/** The parts of a name, unquoted. @throws record.entity-invalid */
export function splitEntityName(text: string): string[] {
  const parts: string[] = []
  let at = 0
  for (;;) {
    PART.lastIndex = at
    const part = PART.exec(text)?.[0]
    if (part === undefined || part === '""') throw invalid(text)
    parts.push(part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part)
    at += part.length
    if (at === text.length) return parts
    if (text[at] !== '.') throw invalid(text)
    at += 1
  }
}

function invalid(text: string): AppError {
  const need = 'need names joined by dots, quoted with " where they are not plain'
  return new AppError('record.entity-invalid', `Cannot read entity "${text}": ${need}`, { text })
}
