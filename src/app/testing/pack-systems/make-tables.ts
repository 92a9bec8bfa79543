/**
 * Statements that create tables, one a line: `name: key, field, other`. The first field is the key,
 * or all of them where a `*` ends the line; a field is of the type of the keys unless it says `:t`,
 * a text.
 */
export function makeTables(text: string, keyType = 'INTEGER'): string {
  return text
    .trim()
    .split('\n')
    .map((line) => makeTable(line.trim(), keyType))
    .join(';\n')
}

function makeTable(line: string, keyType: string): string {
  const [name = '', fields = ''] = line.split(': ')
  const all = fields.replace(' *', '').split(', ')
  const key = fields.endsWith(' *') ? all : all.slice(0, 1)
  const columns = all.map((field) => {
    const [plain = '', type] = field.split(':')
    return `"${plain}" ${type === 't' ? 'TEXT' : keyType}`
  })
  const names = key.map((field) => `"${field.split(':')[0]}"`)
  return `CREATE TABLE "${name}" (${columns.join(', ')}, PRIMARY KEY (${names.join(', ')}))`
}
