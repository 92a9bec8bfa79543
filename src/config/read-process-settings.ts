import type { ZodError } from 'zod'
import { AppError } from '#stdx/app-error'
import { nearest } from '#stdx/did-you-mean'
import type { Environment } from './interpolate.ts'
import {
  environmentNameOf,
  flagOf,
  SETTING_NAMES,
  type SETTINGS,
  type SettingName,
  settingOf,
} from './settings.ts'

/** Values of flags by name of the setting. */
export type Flags = Readonly<Partial<Record<SettingName, string | boolean>>>

type ValueOf<Name extends SettingName> = (typeof SETTINGS)[Name]['type']['_output']

/** What flags and environment say; `undefined` where they say nothing. */
export type ProcessSettings = {
  readonly [Name in SettingName]: ValueOf<Name> | undefined
}

/**
 * Reads the settings of the process: flags first, then the environment. A `HOLDFAST_` name that
 * looks like a misspelt setting is an error; others are let be, as container platforms add theirs.
 *
 * @throws config.invalid with every problem at once
 */
export function readProcessSettings(environment: Environment, flags: Flags = {}): ProcessSettings {
  const problems = misspelt(environment)
  const entries = SETTING_NAMES.map((name) => {
    const given = giveValue(environment, flags, name)
    if (given === undefined) return [name, undefined]
    const result = settingOf(name).type.safeParse(given.value)
    if (result.success) return [name, result.data]
    problems.push(`${given.where}: found "${given.value}", wanted ${wantedOf(name, result.error)}`)
    return [name, undefined]
  })
  if (problems.length > 0) {
    const message = `Cannot read the settings: ${problems.join('; ')}`
    throw new AppError('config.invalid', message, { problems })
  }
  // Each value was just checked by the schema of its own setting.
  return Object.freeze(Object.fromEntries(entries) as ProcessSettings)
}

function giveValue(environment: Environment, flags: Flags, name: SettingName) {
  const flag = flags[name]
  if (flag !== undefined) return { where: flagOf(name), value: flag }
  if (!settingOf(name).in.includes('environment')) return undefined
  const where = environmentNameOf(name)
  const text = environment[where]
  if (text === undefined || text === '') return undefined
  // no-color.org: whatever its value.
  return { where, value: where === 'NO_COLOR' ? true : text }
}

function wantedOf(name: SettingName, { issues: [issue] }: ZodError): string {
  // The message of a pattern says what it wants.
  if (issue?.code === 'invalid_format') return issue.message
  return settingOf(name).valueName === undefined ? '1 or 0' : 'a text that is not empty'
}

function misspelt(environment: Environment): string[] {
  const known = SETTING_NAMES.filter((name) => settingOf(name).in.includes('environment')).map(
    environmentNameOf,
  )
  return Object.keys(environment)
    .filter((name) => name.startsWith('HOLDFAST_') && !known.includes(name))
    .flatMap((name) => {
      const meant = nearest(name, known)
      return meant === undefined ? [] : [`${name} is no setting; did you mean ${meant}?`]
    })
}
