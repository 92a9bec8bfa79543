import type { DeletedRows, TargetWrite } from './connector.ts'

/** Deletes rows of several entities: at once where the system knows how, else in the order given. */
export async function deleteTogether(
  write: Pick<TargetWrite, 'deleteRows' | 'deleteTogether'>,
  parts: readonly DeletedRows[],
): Promise<number> {
  const isKeyed = parts.every(({ rows }) => rows.key.length > 0)
  if (parts.length > 1 && isKeyed && write.deleteTogether !== undefined)
    return await write.deleteTogether(parts)
  let deleted = 0
  for (const { entity, rows } of parts) deleted += await write.deleteRows(entity, rows)
  return deleted
}
