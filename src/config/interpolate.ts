/**
 * `${NAME}` in the file stands for a variable of the environment, `$$` for a dollar sign; any other
 * dollar sign is itself.
 *
 * YAML reads braces inside `{ ... }` as its own, so before parsing each `${NAME}` is veiled: written
 * with private-use characters of the same length, which keeps every line and column where it was.
 */

const VEIL_OPEN = '\uE000\uE001'
const VEIL_CLOSE = '\uE002'
const VEIL = /[\uE000-\uE002]/

/** A `$$` is read first, so that `$${NAME}` stays text. */
const VARIABLE = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g
const VEILED = /\$\$|\uE000\uE001([A-Za-z_][A-Za-z0-9_]*)\uE002/g

export type Environment = Readonly<Record<string, string | undefined>>

export type Interpolated = {
  /** With every variable that is set put in. */
  readonly text: string
  /** Names of variables that are not set. */
  readonly missing: readonly string[]
}

/** Whether the text has characters that veiling needs for itself. */
export function isVeiled(text: string): boolean {
  return VEIL.test(text)
}

export function veilVariables(text: string): string {
  return text.replace(VARIABLE, (all, name: string | undefined) =>
    name === undefined ? all : `${VEIL_OPEN}${name}${VEIL_CLOSE}`,
  )
}

export function unveilVariables(text: string): string {
  return text.replace(VEILED, (all, name: string | undefined) =>
    name === undefined ? all : `\${${name}}`,
  )
}

/** Puts the environment into a veiled text. A variable that is set to nothing counts as missing. */
export function interpolate(veiled: string, environment: Environment): Interpolated {
  const missing: string[] = []
  const text = veiled.replace(VEILED, (_, name: string | undefined) => {
    if (name === undefined) return '$'
    const value = environment[name]
    if (value === undefined || value === '') missing.push(name)
    return value ?? ''
  })
  return { text, missing }
}

/** Names of the variables that a text as people write it refers to. */
export function listVariables(text: string): string[] {
  return Array.from(text.matchAll(VARIABLE), ([, name]) => name ?? '').filter((name) => name !== '')
}
