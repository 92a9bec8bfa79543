const WIDE =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u
const EMOJI_FORM = '\ufe0f'
const JOINER = '\u200d'
const FLAG_LETTER = /[\u{1f1e6}-\u{1f1ff}]/u
const INVISIBLE = /^[\p{Mark}\p{Cf}]+$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
const PLAIN = /^[\x20-\x7e]*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with escape
const COLOUR = /\u001b\[[0-9;]*m/g

/**
 * Columns that a text takes in a terminal; colours take none. Without `Intl.Segmenter`, which takes
 * 20 ms to make, a fifth of a small command.
 */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  let before = ''
  for (const point of text.replace(COLOUR, '')) {
    width += pointWidth(point, before)
    before = point
  }
  return width
}

/** The text, or what of it takes no more than so many columns, with an ellipsis; without colours. */
export function shorten(text: string, widthMax: number): string {
  if (textWidth(text) <= widthMax) return text
  let kept = ''
  let width = 0
  let before = ''
  for (const point of text) {
    width += pointWidth(point, before)
    if (width >= widthMax) break
    kept += point
    before = point
  }
  return `${kept}…`
}

function pointWidth(point: string, before: string): number {
  // The emoji form of what stands before it is as wide as every emoji.
  if (point === EMOJI_FORM) return WIDE.test(before) ? 0 : 1
  if (before === JOINER || INVISIBLE.test(point)) return 0
  // Two of them make one flag.
  if (FLAG_LETTER.test(point)) return 1
  return WIDE.test(point) ? 2 : 1
}

/**
 * Makes control characters visible, so that a value of a record can neither move the cursor of the
 * person who looks at it nor turn the direction of the text.
 */
export function visible(text: string): string {
  return text.replace(CONTROL, (char) => {
    const code = char.codePointAt(0) ?? 0
    if (char === '\n') return '\\n'
    if (char === '\t') return '\\t'
    return `\\u${code.toString(16).padStart(4, '0')}`
  })
}
