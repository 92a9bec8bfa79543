import type { Relation, RelationColumn } from './relation.ts'

/**
 * ```
 * relation = oid:u32 schema:text name:text identity:u8 count:i16 column*count
 * column   = flags:u8 (1 part of the identity) name:text type:u32 modifier:i32
 * text     = UTF-8 ended by 0x00; the schema of pg_catalog is empty
 * ```
 *
 * @param from behind the letter of the message
 */
export function readRelation(message: Buffer, from: number): Relation {
  let at = from + 4
  const text = () => {
    const end = message.indexOf(0, at)
    const found = message.toString('utf8', at, end)
    at = end + 1
    return found
  }
  const schema = text() || 'pg_catalog'
  const name = text()
  const identity = String.fromCharCode(message[at] ?? 0)
  const count = message.readInt16BE(at + 1)
  at += 3
  const columns: RelationColumn[] = []
  for (let i = 0; i < count; i++) {
    const flags = message[at] ?? 0
    at += 1
    const column = text()
    const typeOid = message.readUInt32BE(at)
    const typeModifier = message.readInt32BE(at + 4)
    at += 8
    columns.push({ name: column, isIdentity: (flags & 1) === 1, typeOid, typeModifier })
  }
  return { oid: message.readUInt32BE(from), schema, name, identity, columns }
}
