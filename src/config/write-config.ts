import { open } from 'node:fs/promises'
import { AppError } from '#stdx/app-error'

/**
 * Writes a configuration, durable when it resolves, readable by its owner only (it may come to hold
 * passwords).
 *
 * @throws config.exists when there is one and `mayReplace` is false | config.not-writable
 */
export async function writeConfig(path: string, text: string, mayReplace = false): Promise<void> {
  try {
    await using file = await open(path, mayReplace ? 'w' : 'wx', 0o600)
    await file.writeFile(text)
    await file.sync()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'a failure'
    if (code === 'EEXIST') {
      const message = `Cannot write configuration "${path}": there is one already`
      throw new AppError('config.exists', message, { path }, { cause })
    }
    const message = `Cannot write configuration "${path}": found ${code}, wanted a writable file`
    throw new AppError('config.not-writable', message, { path }, { cause })
  }
}
