import { AppError } from '#stdx/app-error'
import { listStamps, type OpenedFolder, openFolder } from './open-folder.ts'
import { isSameStamp } from './source-file.ts'

/** @throws connector.target-changed when a file was added, removed, replaced or written to */
export async function refuseTouched(folder: string, before: OpenedFolder): Promise<void> {
  await using now = await openFolder(folder)
  refuseOtherFiles(folder, before, now)
}

/** The same for two looks at it. */
export function refuseOtherFiles(folder: string, before: OpenedFolder, now: OpenedFolder): void {
  const stampsBefore = listStamps(before)
  const stampsNow = listStamps(now)
  const labels = new Set([...stampsBefore.keys(), ...stampsNow.keys()])
  const changed = [...labels].find(
    (label) => !isSameStamp(stampsBefore.get(label), stampsNow.get(label)),
  )
  if (changed === undefined) return
  const message = `Cannot write to the folder "${folder}": found "${changed}" changed by another program, need the folder as it was read`
  throw new AppError('connector.target-changed', message)
}
