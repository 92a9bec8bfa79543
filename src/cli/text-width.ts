const WIDE =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]|\ufe0f/u
const INVISIBLE = /^[\p{Mark}\p{Cf}]+$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
const PLAIN = /^[\x20-\x7e]*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with escape
const COLOUR = /\u001b\[[0-9;]*m/g

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns that a text takes in a terminal; colours take none. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text.replace(COLOUR, ''))) {
    if (INVISIBLE.test(segment)) continue
    width += WIDE.test(segment) ? 2 : 1
  }
  return width
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
