import { statSync } from 'node:fs'
import { AppError } from '#stdx/app-error'
import type { Connector, ConnectorOptions, Source } from '../connector.ts'
import { openPace } from '../pace.ts'
import { systemCode, translateFailure } from './file-failure.ts'
import { openFilesCut } from './files-cut.ts'
import { openFilesTarget } from './files-target.ts'
import { identityOf } from './open-folder.ts'
import type { FilesSettings } from './settings.ts'
import { refuseUnfinished } from './work-folder.ts'

/** Reads and writes the folder of files whose path is the address. */
export function filesConnector(settings: FilesSettings): Connector {
  return {
    kind: 'files',
    async openSource(options) {
      options.signal.throwIfAborted()
      const folder = options.address.reveal()
      refuseNoFolder(folder)
      await refuseUnfinished(folder)
      return openFolderSource(options, settings)
    },
    async openTarget(options) {
      options.signal.throwIfAborted()
      const source = openFolderSource(options, settings)
      return await openFilesTarget(options.address.reveal(), source, depsOf(options, settings))
    },
  }
}

function openFolderSource(options: ConnectorOptions, settings: FilesSettings): Source {
  const folder = options.address.reveal()
  return {
    identity: identityOf(folder),
    async openCut(signal) {
      signal.throwIfAborted()
      return await openFilesCut(depsOf(options, settings), folder, signal)
    },
    async [Symbol.asyncDispose]() {},
  }
}

function depsOf({ bytesPerSecondMax, clock }: ConnectorOptions, settings: FilesSettings) {
  return { clock, pace: openPace(clock, bytesPerSecondMax), settings }
}

/** An empty folder may be one that is not mounted, but that is for whoever knows what was in it. */
function refuseNoFolder(folder: string): void {
  try {
    if (statSync(folder).isDirectory()) return
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') {
      throw translateFailure(error, 'open the folder', 'connector.unreachable')
    }
  }
  const message =
    'Cannot open the folder: found none there, need the one that files are exported to'
  throw new AppError('connector.unreachable', message)
}
