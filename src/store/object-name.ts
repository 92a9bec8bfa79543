import { AppError } from '#stdx/app-error'
import type { ObjectName } from './object-store.ts'

const NAME_BYTES_MAX = 512
const PART_BYTES_MAX = 200
const PART = /^[A-Za-z0-9._-]+$/

/**
 * Reads the name of an object: parts of `[A-Za-z0-9._-]` joined by slashes, none of them `.` or
 * `..`; at most 512 bytes in all and 200 in a part, which every file system can hold.
 * @throws store.name-invalid
 */
export function parseObjectName(text: string): ObjectName {
  if (isObjectName(text)) return text
  throw new AppError(
    'store.name-invalid',
    `Cannot use "${text}" as an object's name: need letters, digits, dots, dashes and underscores in parts joined by slashes`,
    { text },
  )
}

export function isObjectName(text: string): text is ObjectName {
  return text.length <= NAME_BYTES_MAX && text.split('/').every(isPart)
}

function isPart(part: string): boolean {
  return PART.test(part) && part.length <= PART_BYTES_MAX && part !== '.' && part !== '..'
}
