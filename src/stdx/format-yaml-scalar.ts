const PLAIN = /^[A-Za-z_][A-Za-z0-9_.-]*$/
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n)$/i
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A text as YAML reads it back as that text: plain when it can be, else quoted as is easiest to read. */
export function formatYamlScalar(text: string): string {
  if (PLAIN.test(text) && !WORDS.test(text)) return text
  if (text.includes('"') && !/['\\]/.test(text) && text.search(HIDDEN) < 0) return `'${text}'`
  // What a terminal or an editor would act on, or hide, is spelled out.
  return JSON.stringify(text).replaceAll(HIDDEN, (hidden) =>
    Array.from({ length: hidden.length }, (_, i) => {
      return `\\u${hidden.charCodeAt(i).toString(16).padStart(4, '0')}`
    }).join(''),
  )
}
