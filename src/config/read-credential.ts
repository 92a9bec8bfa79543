import { exec } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { AppError } from '#stdx/app-error'
import { Secret } from '#stdx/secret'
import type { Environment } from './interpolate.ts'
import type { ProcessSettings } from './read-process-settings.ts'
import { environmentNameOf } from './settings.ts'

/** What opens a vault. */
export type Credential =
  | {
      readonly kind: 'passphrase'
      readonly passphrase: Secret
      /** The slot that it opens, where that is not one of the vault's own. */
      readonly slot: { readonly name: string; readonly text: Secret } | undefined
    }
  /** The text of a role's credential file. */
  | { readonly kind: 'key-file'; readonly path: string; readonly text: Secret }

export type ReadCredentialDeps = {
  /** Handed on to the passphrase command. */
  readonly environment: Environment
  /** Asks a person without echo; `undefined` when nobody can be asked. */
  readonly ask: ((question: string, signal: AbortSignal) => Promise<string>) | undefined
}

const PASSPHRASE_LENGTH_MIN = 8
const COMMAND_TIMEOUT_MS = 60_000
const NAMES = ['keyFile', 'passphrase', 'passphraseFile', 'passphraseCommand'] as const

/**
 * Reads the credential from the one place that the environment names, else asks.
 *
 * @throws config.passphrase-missing | config.passphrase-unreadable | config.invalid when several
 *   places are named
 */
export async function readCredential(
  deps: ReadCredentialDeps,
  settings: ProcessSettings,
  signal: AbortSignal,
): Promise<Credential> {
  const path = onlyOne(settings) === 'keyFile' ? settings.keyFile : undefined
  if (path !== undefined) {
    if (settings.slot !== undefined) throw bothNamed('keyFile', 'slot')
    return { kind: 'key-file', path, text: new Secret(await readText('keyFile', path)) }
  }
  const { slot: slotPath } = settings
  const slot =
    slotPath === undefined
      ? undefined
      : { name: slotPath, text: new Secret(await readText('slot', slotPath)) }
  const given = await readGiven(deps, settings, signal)
  if (given !== undefined) return { kind: 'passphrase', passphrase: given, slot }
  const question = slot ? 'Passphrase of the recovery slot: ' : 'Passphrase of the vault: '
  const typed = await askFor(deps, question, signal)
  return { kind: 'passphrase', passphrase: new Secret(typed), slot }
}

/**
 * Reads the passphrase of a new vault; a person types it twice.
 *
 * @throws as `readCredential`, and config.passphrase-mismatch | config.passphrase-weak
 */
export async function readNewPassphrase(
  deps: ReadCredentialDeps,
  settings: ProcessSettings,
  signal: AbortSignal,
): Promise<Secret> {
  if (onlyOne(settings) === 'keyFile') throw missing('a new vault needs one, no key file')
  const given = await readGiven(deps, settings, signal)
  const passphrase = given ?? (await askTwice(deps, signal))
  refuseWeak(passphrase)
  return passphrase
}

/**
 * Reads a further passphrase: the first line of a file, or typed twice.
 *
 * @throws as `readNewPassphrase`
 */
export async function readAddedPassphrase(
  deps: ReadCredentialDeps,
  path: string | undefined,
  signal: AbortSignal,
): Promise<Secret> {
  const passphrase =
    path === undefined
      ? await askTwice(deps, signal)
      : firstLine('passphraseFile', await readText('passphraseFile', path))
  refuseWeak(passphrase)
  return passphrase
}

function refuseWeak(passphrase: Secret): void {
  const found = [...passphrase.reveal()].length
  if (found >= PASSPHRASE_LENGTH_MIN) return
  const message = `Cannot use the passphrase: found ${found} characters, wanted at least ${PASSPHRASE_LENGTH_MIN}`
  throw new AppError('config.passphrase-weak', message)
}

async function readGiven(
  deps: ReadCredentialDeps,
  settings: ProcessSettings,
  signal: AbortSignal,
): Promise<Secret | undefined> {
  const { passphrase, passphraseFile, passphraseCommand } = settings
  onlyOne(settings)
  if (passphrase !== undefined) return new Secret(passphrase)
  if (passphraseFile !== undefined) {
    const text = await readText('passphraseFile', passphraseFile)
    return firstLine('passphraseFile', text)
  }
  if (passphraseCommand === undefined) return undefined
  return firstLine('passphraseCommand', await runCommand(deps, passphraseCommand, signal))
}

function onlyOne(settings: ProcessSettings): (typeof NAMES)[number] | undefined {
  const given = NAMES.filter((name) => settings[name] !== undefined)
  if (given.length > 1) throw bothNamed(...given)
  return given[0]
}

function bothNamed(...names: readonly ReadName[]): AppError {
  const found = names.map(environmentNameOf).join(' and ')
  const message = `Cannot tell the passphrase: found ${found}, wanted one of them`
  return new AppError('config.invalid', message)
}

async function askTwice(deps: ReadCredentialDeps, signal: AbortSignal): Promise<Secret> {
  const first = await askFor(deps, 'New passphrase of the vault: ', signal)
  const second = await askFor(deps, 'The same again: ', signal)
  if (first === second) return new Secret(first)
  const message = 'Cannot use the passphrase: found two different ones, wanted the same twice'
  throw new AppError('config.passphrase-mismatch', message)
}

async function askFor(
  { ask }: ReadCredentialDeps,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  if (ask === undefined) throw missing('none is set and nobody can be asked')
  const typed = await ask(question, signal)
  if (typed === '') throw missing('nothing was typed')
  return typed
}

function missing(found: string): AppError {
  return new AppError('config.passphrase-missing', `Cannot tell the passphrase: ${found}`)
}

async function readText(name: ReadName, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'a failure'
    throw unreadable(name, `found ${code} at "${path}"`, cause)
  }
}

async function runCommand(
  { environment }: ReadCredentialDeps,
  command: string,
  signal: AbortSignal,
): Promise<string> {
  const options = { env: { ...environment }, signal, timeout: COMMAND_TIMEOUT_MS }
  try {
    const { stdout } = await promisify(exec)(command, options)
    return stdout
  } catch (error) {
    signal.throwIfAborted()
    const exit = error instanceof Error && 'code' in error ? error.code : undefined
    const found = typeof exit === 'number' ? `it exited with ${exit}` : 'it did not finish'
    // The cause would hold the command's output, and so perhaps the passphrase.
    throw unreadable('passphraseCommand', found)
  }
}

function firstLine(name: 'passphraseFile' | 'passphraseCommand', text: string): Secret {
  const line = text.split(/\r?\n/, 1)[0] ?? ''
  if (line === '') throw unreadable(name, 'its first line is empty')
  return new Secret(line)
}

type ReadName = (typeof NAMES)[number] | 'slot'

function unreadable(name: ReadName, found: string, cause?: unknown): AppError {
  const message = `Cannot read the credential by ${environmentNameOf(name)}: ${found}`
  return new AppError('config.passphrase-unreadable', message, {}, { cause })
}
