import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { AppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import { writeDurably } from '#stdx/write-durably'

/** @throws cli.file-unreadable */
export async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const message = `Cannot read file "${path}": found ${codeOf(cause)}`
    throw new AppError('cli.file-unreadable', message, { path }, { cause })
  }
}

/**
 * Writes a file that is not there yet, whole and durable when it resolves, readable by its owner only.
 * @throws cli.file-not-writable, also when there is one already
 */
export async function writeNewFile(
  path: string,
  content: string | AsyncIterable<Uint8Array>,
  random: Random,
): Promise<void> {
  try {
    await writeDurably(path, content, { random, mayReplace: false })
  } catch (cause) {
    // What went into it failed, not the file.
    if (cause instanceof AppError) throw cause
    const found = codeOf(cause) === 'EEXIST' ? 'there is one already' : `found ${codeOf(cause)}`
    const message = `Cannot write file "${path}": ${found}`
    throw new AppError('cli.file-not-writable', message, { path }, { cause })
  }
}

/** Before work whose outcome would go into the file. @throws cli.file-not-writable when there is one */
export function refuseExisting(path: string): void {
  if (!existsSync(path)) return
  const message = `Cannot write file "${path}": there is one already`
  throw new AppError('cli.file-not-writable', message, { path })
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'a failure'
}
