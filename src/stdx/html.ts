/** Text that is markup already. Only `html` and `trustedHtml` make it. */
export class Html {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

type Part = string | number | Html | null | readonly Part[]

/** Builds markup; everything put in is escaped, for content as for quoted attributes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let markup = strings[0] ?? ''
  parts.forEach((part, i) => {
    markup += formatPart(part) + (strings[i + 1] ?? '')
  })
  return new Html(markup)
}

/** For our own style and script, which escaping would break. Never for text of a model. */
export function trustedHtml(markup: string): Html {
  return new Html(markup)
}

/** JSON for a `<script type="application/json">`: no character that could end it. */
export function scriptJson(value: unknown): Html {
  const json = JSON.stringify(value)
  return new Html(json.replaceAll(/[<>&\u2028\u2029]/g, formatUnicodeEscape))
}

function formatPart(part: Part): string {
  if (part === null) return ''
  if (part instanceof Html) return part.markup
  if (typeof part === 'string') return escapeText(part)
  if (typeof part === 'number') return String(part)
  return part.map(formatPart).join('')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

function escapeText(text: string): string {
  return showControls(text).replaceAll(/[&<>"'`]/g, (character) => ESCAPES[character] ?? character)
}

/** Control characters as their pictures, and marks that turn the direction of text as their names. */
export function showControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to show
  const controls = /[\u0000-\u0008\u000b-\u001f]/g
  const pictures = text.replaceAll(controls, (character) =>
    String.fromCharCode(0x2400 + character.charCodeAt(0)),
  )
  return pictures
    .replaceAll(/[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
      return `‹U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`
    })
    .toWellFormed()
}

function formatUnicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
