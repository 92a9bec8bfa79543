import { assert } from '#stdx/assert'
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
  assert(prefix === '' || prefix.endsWith('/'), 'A listing begins at a folder.')
  const skipped = deps.keyOf('').length
  for await (const { objects } of listPages(deps, { prefix }, signal)) {
    for (const { key, modifiedMs, sizeBytes } of objects) {
      const name = key.slice(skipped)
      // Somebody else's object in our folder, such as the empty ones that stand for folders.
      if (isObjectName(name)) yield { name, sizeBytes, modifiedMs }
    }
  }
}

/** Names of objects and folders of one folder, as many pages as that makes. */
export async function* listS3Folder(
  deps: S3Deps,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const skipped = deps.keyOf(folder).length
  for await (const page of listPages(deps, { prefix: folder, isOneFolder: true }, signal)) {
    const keys = [...page.objects.map(({ key }) => key), ...page.folders]
    for (const name of keys.map((key) => key.slice(skipped)).sort()) {
      if (isObjectName(name.endsWith('/') ? name.slice(0, -1) : name)) yield name
    }
  }
}

async function* listPages(
  deps: S3Deps,
  { isOneFolder, prefix }: { readonly prefix: string; readonly isOneFolder?: boolean },
  signal: AbortSignal,
): AsyncGenerator<S3Page, void, undefined> {
  signal.throwIfAborted()
  const doing = `Cannot list "${prefix}" of "${deps.label}"`
  const calls = await deps.calls()
  let from: string | undefined
  do {
    const asked = { prefix: deps.keyOf(prefix), from, pageMax: deps.pageMax }
    const request = { ...asked, ...(isOneFolder === true && { isOneFolder }) }
    const page: S3Page = await deps.attempt({ doing, signal }, (tried) =>
      calls.list(request, tried),
    )
    yield page
    from = page.next
  } while (from !== undefined)
}
