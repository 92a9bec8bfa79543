import { AppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import { writeDurably } from '#stdx/write-durably'

/**
 * Writes a configuration, whole and durable when it resolves, readable by its owner only (it may come
 * to hold passwords). When it fails, what was there before is there still.
 *
 * @throws config.exists when there is one and `mayReplace` is false | config.not-writable
 */
export async function writeConfig(
  path: string,
  text: string,
  options: { readonly random: Random; readonly mayReplace: boolean },
): Promise<void> {
  try {
    await writeDurably(path, text, options)
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
