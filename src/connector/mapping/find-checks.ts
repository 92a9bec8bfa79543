/** The conditions of a CREATE TABLE, with the names of their constraints. */
export function findChecks(
  sql: string,
): { readonly name: string | null; readonly condition: string }[] {
  const found: { name: string | null; condition: string }[] = []
  let name: string | null = null
  let isNamed = false
  for (let at = 0; at < sql.length; ) {
    const [text = ''] = PIECE.exec(sql.slice(at)) ?? []
    at += Math.max(text.length, 1)
    if (/^check$/i.test(text)) {
      const begin = sql.indexOf('(', at)
      const end = endOfParentheses(sql, begin)
      found.push({ name, condition: sql.slice(begin + 1, end) })
      at = end + 1
      name = null
    } else if (isNamed && text.trim() !== '') {
      name = /^["[`]/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text
      isNamed = false
    } else if (/^constraint$/i.test(text)) isNamed = true
    else if (text === ',') name = null
  }
  return found
}

/** A comment, a quoted text or name, a word, or one other character. */
const PIECE =
  /^(?:--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\[[^\]]*\]|`(?:[^`]|``)*`|[A-Za-z_0-9]+|\s+|[\s\S])/

function endOfParentheses(sql: string, begin: number): number {
  let depth = 0
  for (let at = begin; at < sql.length; ) {
    const [text = ' '] = PIECE.exec(sql.slice(at)) ?? []
    if (text === '(') depth += 1
    if (text === ')') depth -= 1
    if (depth === 0) return at
    at += text.length
  }
  return sql.length
}
