import { AppError } from '#stdx/app-error'
import { type SplitReport, splitKeys } from '#vault/split-keys'
import type { Context } from './context.ts'
import { formatRecoveryKit, RECOVERY_KIT } from './credential/format-recovery-kit.ts'
import { prepareKeyFolder, saveKeyFiles } from './credential/key-files.ts'

export type SplitAnswer = {
  readonly vault: string
  readonly folder: string
  readonly files: readonly string[]
  readonly epoch: number
  readonly resealed: number
  /** Slots of other passphrases, which were removed too. */
  readonly otherSlots: number
  readonly problems: SplitReport['problems']
}

/**
 * Turns the vault's one passphrase into a credential file for each role, in a folder of their own.
 * May be repeated after an interruption, with the same folder.
 *
 * @param folder absolute; new or empty
 * @throws app.key-folder | vault.keys-split | vault.role-missing
 */
export async function splitVaultKeys(
  deps: Pick<Context, 'random' | 'readConfig' | 'readVaultRequest'>,
  folder: string,
  signal: AbortSignal,
): Promise<SplitAnswer> {
  const config = await deps.readConfig()
  const place = config.readVault()
  await prepareKeyFolder(folder, [place, config.readKeyring()])
  const request = await deps.readVaultRequest(signal)
  if (!('passphrase' in request)) {
    const message = 'Cannot split the keys with this credential: wanted the passphrase of the vault'
    throw new AppError('vault.role-missing', message)
  }
  const report = await splitKeys({
    ...request,
    sources: Object.keys(config.sources),
    save: async (files, vault) => {
      const kit = formatRecoveryKit({ ...vault, place }, files)
      await saveKeyFiles(folder, new Map([...files, [RECOVERY_KIT, kit]]), deps.random)
    },
  })
  const { epoch, files, otherSlots, problems, resealed, vault } = report
  return {
    vault,
    folder,
    files: [...files, RECOVERY_KIT],
    epoch,
    resealed,
    otherSlots,
    problems,
  }
}
