import type { Vault } from '#vault/vault'
import { findBegun } from './restore/find-begun.ts'
import { restorePoint } from './restore-point.ts'
import type { RestoreDeps, RestoreOutcome, RestoreRequest } from './restore-request.ts'

export type UndoRestoreRequest = Pick<
  RestoreRequest,
  'agree' | 'isPlanOnly' | 'mapFile' | 'onUndecided' | 'onWritten'
> & {
  /** The id of the restore that is taken back. */
  readonly restore: string
  /** The name of the system that it wrote to, where the configuration calls it otherwise by now. */
  readonly target?: string | undefined
  readonly mayRunSideEffects: boolean
  readonly undo: NonNullable<RestoreRequest['undo']>
}

/**
 * Takes a restore back: records become again what they were when it began, as far as nobody changed
 * them since. It is a restore itself, with an id of its own, and can be undone.
 *
 * @throws app.restore-unknown | app.undo-elsewhere | app.undo-point-gone | app.undo-conflicts, and as
 * `restorePoint`
 */
export async function undoRestore(
  deps: RestoreDeps,
  vault: Vault,
  { restore, target, ...rest }: UndoRestoreRequest,
  signal: AbortSignal,
): Promise<RestoreOutcome> {
  const { body } = await findBegun(vault, restore, signal)
  const targets = [{ point: body.point, target: target ?? body.target, undoes: restore }]
  const all = { entities: [], records: [], fields: [], isDeleteAllowed: false }
  return await restorePoint(deps, vault, { ...rest, ...all, targets }, signal)
}
