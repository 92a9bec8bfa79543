import { isMap, isScalar, type Node, parseDocument } from 'yaml'
import { unveilVariables, veilVariables } from './interpolate.ts'
import { placeLine } from './starting-config.ts'

/**
 * The same text with every literal password taken out, fit to be stored in the vault. A URL that
 * holds one becomes a variable, `\${ERP_URL}`, whose name tells what to set; passwords in comments
 * are blanked. Everything else stays byte for byte.
 */
export function configWithoutSecrets(text: string): string {
  const document = parseDocument(veilVariables(text))
  const edits: Edit[] = []
  for (const group of ['sources', 'targets']) {
    const systems = document.get(group, true)
    if (!isMap(systems)) continue
    for (const { key, value } of systems.items) {
      if (!isScalar(key) || !isMap(value)) continue
      const name = String(key.value).toUpperCase().replaceAll('-', '_')
      for (const pair of value.items) edits.push(...takeOut(name, pair))
    }
  }
  return blankPasswords(applyEdits(text, edits))
}

/** The same text saying that the vault is at `vault` and its keyring, where given, at `keyring`. */
export function relocateConfig(
  text: string,
  places: { readonly vault: string; readonly keyring?: string | undefined },
): string {
  const document = parseDocument(veilVariables(text))
  const edits: Edit[] = []
  const added: string[] = []
  for (const [name, place] of [
    ['vault', places.vault],
    ['keyring', places.keyring],
  ] as const) {
    const node = document.get(name, true)
    if (isScalar(node) && node.range) {
      // A keyring that was elsewhere is of no use on another machine.
      if (place === undefined) edits.push(...dropLine(text, node))
      else edits.push({ ...rangeOf(node), with: placeLine(name, place).slice(name.length + 2, -1) })
    } else if (place !== undefined) {
      added.push(placeLine(name, place))
    }
  }
  return added.join('') + applyEdits(text, edits)
}

type Edit = { readonly from: number; readonly to: number; readonly with: string }

function takeOut(name: string, { key, value }: { key: unknown; value: unknown }): Edit[] {
  if (!isScalar(key)) return []
  if (isMap(value)) {
    const below = `${name}_${String(key.value).toUpperCase()}`
    return value.items.flatMap((pair) => takeOut(below, pair))
  }
  if (!isScalar(value) || typeof value.value !== 'string') return []
  if (!holdsPassword(unveilVariables(value.value))) return []
  const field = String(key.value)
    .replaceAll(/(?=[A-Z])/g, '_')
    .toUpperCase()
  return [{ ...rangeOf(value), with: `"\${${name}_${field}}"` }]
}

const USER_INFO = /^[a-z][a-z0-9+.-]*:\/\/([^/]*:.*)@/i
const SECRET_PARAMETER = /[?&](?:password|sslpassword|passfile)=([^&]*)/i

/** Whether a URL holds a password that is written out, not taken from the environment. */
function holdsPassword(url: string): boolean {
  const password = USER_INFO.exec(url)?.[1]?.split(':').slice(1).join(':')
  const parameter = SECRET_PARAMETER.exec(url)?.[1]
  return [password, parameter].some((text) => text?.replace(/\$\{\w+\}/g, '') ?? '')
}

/** Wherever else they stand, in comments first of all. */
function blankPasswords(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)([^\s]+)(?=@)/gi, (all, before, password) =>
      /^\$\{\w+\}$/.test(password) ? all : `${before}[removed]`,
    )
    .replace(/(\b(?:ssl)?password\s*[=:]\s*)([^\s&"']+)/gi, (all, before, password) =>
      /^\$\{\w+\}$/.test(password) ? all : `${before}[removed]`,
    )
}

function dropLine(text: string, node: Node): Edit[] {
  const { from, to } = rangeOf(node)
  const end = text.indexOf('\n', to)
  return [{ from: text.lastIndexOf('\n', from) + 1, to: end < 0 ? text.length : end + 1, with: '' }]
}

function rangeOf(node: Node): { from: number; to: number } {
  return { from: node.range?.[0] ?? 0, to: node.range?.[1] ?? 0 }
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  const backwards = [...edits].sort((a, b) => b.from - a.from)
  return backwards.reduce(
    (whole, edit) => whole.slice(0, edit.from) + edit.with + whole.slice(edit.to),
    text,
  )
}
