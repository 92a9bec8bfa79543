import { isObjectName } from '../object-name.ts'
import type { ObjectStat } from '../object-store.ts'
import type { S3Page } from './s3-calls.ts'
import type { S3Deps } from './s3-store.ts'

/** Page after page, in the order of the store, which is that of the keys' bytes; holds one page. */
export async function* listS3(
  deps: S3Deps,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ObjectStat, void, undefined> {
  signal.throwIfAborted()
  const doing = `Cannot list "${prefix}" of "${deps.label}"`
  const calls = await deps.calls()
  const skipped = deps.keyOf('').length
  let from: string | undefined
  do {
    const request = { prefix: deps.keyOf(prefix), from, pageMax: deps.pageMax }
    const page: S3Page = await deps.attempt({ doing, signal }, (tried) =>
      calls.list(request, tried),
    )
    for (const { key, modifiedMs, sizeBytes } of page.objects) {
      const name = key.slice(skipped)
      // Somebody else's object in our folder, such as the empty ones that stand for folders.
      if (isObjectName(name)) yield { name, sizeBytes, modifiedMs }
    }
    from = page.next
  } while (from !== undefined)
}
