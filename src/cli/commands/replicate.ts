import type { Command } from 'commander'
import { formatBytes, formatCount } from '../format-amounts.ts'
import type { Act } from '../shell.ts'

const VAULT_DAMAGED = 13

export function addReplicate(program: Command, act: Act): void {
  program
    .command('replicate')
    .argument('<VAULT>', 'a folder or URL: the second place')
    .description('Copy what a second place lacks of the vault, verified; needs no key to rows.')
    .option('--to-keyring <PLACE>', "where the replica's keyring is; default: <VAULT>/keyring")
    .action(
      act(async ({ context, output, signal }, place: string, options: { toKeyring?: string }) => {
        const load = () => import('#app/replicate-vault')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { replicateTo } = await load()
        output.beginLines()
        const replica = { vault: place, keyring: options.toKeyring }
        const answer = await replicateTo(context, vault, replica, signal)
        for (const slot of answer.surplusSlots) {
          const message = `The replica still has ${slot}, which the vault has no more: who knows its passphrase can open the replica. Remove it there if that is not wanted.`
          output.warning({ code: 'vault.replica-surplus', message })
        }
        if (answer.surplusKeys > 0) {
          const message = `The replica still has ${formatCount(answer.surplusKeys)} keyring objects that the vault has no more: whoever has the keys they were sealed to can open what they hold. Their store locks them, or the log of the replica says more than that of the vault; they go with a later run once neither holds.`
          output.warning({ code: 'vault.replica-surplus', message })
        }
        output.summary({ type: 'summary', ...answer }, () => {
          const { bytes, damaged, entries, objects, removed, replica, timelines } = answer
          const problems = damaged.map((one) => `${one.object}: ${one.problem}\n`)
          const partly = timelines
            .filter(({ headSeq, seq }) => seq < headSeq)
            .map(({ headSeq, seq, timeline }) => {
              const shown = seq < 0 ? 'no entry is' : `entries up to ${seq} are`
              return `${timeline}: ${shown} in the replica, the vault has ${headSeq}\n`
            })
          const copied = `${formatCount(entries)} entries and ${formatCount(objects)} objects, ${formatBytes(bytes)}`
          const gone = removed === 0 ? '' : `, removed ${formatCount(removed)} that were collected`
          return `${problems.join('')}${partly.join('')}Copied ${copied} to ${replica}${gone}.\n`
        })
        return answer.damaged.length === 0 ? 0 : VAULT_DAMAGED
      }),
    )
}
