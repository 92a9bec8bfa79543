import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Source, Target } from '../connector.ts'
import { translateFailure } from './file-failure.ts'
import { FilesCut, type FilesCutDeps, openFilesCut } from './files-cut.ts'
import { FilesWrite } from './files-write.ts'
import { refuseOtherFiles } from './refuse-touched.ts'
import { settleWorkFolders } from './work-folder.ts'

/** A folder that is not there is made when something is written to it. */
export async function openFilesTarget(
  folder: string,
  source: Source,
  deps: FilesCutDeps,
): Promise<Target> {
  probeWritable(folder)
  await settleWorkFolders(folder)
  return {
    ...source,
    /** Files set nothing off. */
    async listSideEffects() {
      return []
    },
    async openWrite(signal, since, schemas = []) {
      signal.throwIfAborted()
      assert(
        since === undefined || since instanceof FilesCut,
        'A cut of this target begins the write.',
      )
      const cut = await openFilesCut(deps, folder, signal)
      try {
        if (since !== undefined) refuseOtherFiles(folder, since.opened, cut.opened)
      } catch (error) {
        await cut[Symbol.asyncDispose]()
        throw error
      }
      return new FilesWrite(cut, { ...deps, folder, schemas, signal })
    },
  }
}

function probeWritable(folder: string): void {
  const place = existsSync(folder) ? folder : dirname(folder)
  try {
    accessSync(place, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw translateFailure(error, `write to the folder "${folder}"`, 'connector.unreachable')
  }
  if (statSync(place).isDirectory()) return
  const message = `Cannot write to "${folder}": found a file there, need a folder`
  throw new AppError('connector.unreachable', message)
}
