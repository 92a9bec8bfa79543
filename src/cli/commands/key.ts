import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { KeysAnswer } from '#app/list-keys'
import type { SplitAnswer } from '#app/split-keys'
import { formatTable } from '../format-table.ts'
import type { Paint } from '../paint.ts'
import type { Act } from '../shell.ts'

export function addKey(program: Command, act: Act): void {
  const key = program.command('key').description('Who holds which key of the vault.')
  addList(key, act)
  addSplit(key, act)
}

function addList(key: Command, act: Act): void {
  key
    .command('list')
    .description('List slots, certificates and what each opens.')
    .action(
      act(async ({ context, output, signal }) => {
        const { listVaultKeys } = await import('#app/list-keys')
        const answer = await listVaultKeys(context, signal)
        await output.answer(answer, () => formatKeys(answer))
      }),
    )
}

function addSplit(key: Command, act: Act): void {
  key
    .command('split')
    .requiredOption('--out <FOLDER>', 'a new or empty folder for the credential files')
    .description('Turn the one passphrase into a credential file for each role.')
    .action(
      act(async ({ context, output, signal }, { out }: { readonly out: string }) => {
        const { splitVaultKeys } = await import('#app/split-keys')
        const answer = await splitVaultKeys(context, resolve(out), signal)
        for (const { object, problem } of answer.problems) {
          const message = `Left "${object}" as it was: ${problem}`
          context.warn({ code: 'vault.keys-not-sealed', message })
        }
        await output.answer(answer, () => formatSplit(answer, output.paint))
      }),
    )
}

function formatKeys({ epoch, keys, rootKey, slots, vault }: KeysAnswer): string {
  const table = formatTable(
    ['ID', 'ROLE', 'EPOCH', 'OPENS', 'STATE'].map((title) => ({ title })),
    keys.map((one) => [
      one.id,
      one.source === null ? one.role : `${one.role}:${one.source}`,
      String(one.epoch),
      one.opens,
      one.isRevoked ? 'revoked' : 'in use',
    ]),
  )
  const passphrases =
    slots.length === 0
      ? 'No passphrase opens it: the keys were split.'
      : `Slots of passphrases: ${slots.map(({ id }) => id).join(', ')}`
  return `${table}\nVault ${vault}, root key ${rootKey}, epoch ${epoch}.\n${passphrases}\n`
}

function formatSplit({ files, folder, otherSlots, resealed }: SplitAnswer, paint: Paint): string {
  const others =
    otherSlots === 0
      ? ''
      : `\n${otherSlots} slots of other passphrases were removed, too: they open nothing any more.`
  return `Split the keys: sealed ${resealed} keyring objects anew, rewrote no row.
Wrote to ${folder}:
${files.map((name) => `  ${name}\n`).join('')}
${paint.bold('The passphrase does not open the vault any more.')} It opens recovery.slot, and nothing else
does what that file does: it is not in the vault. Whoever loses it, or its passphrase, can never again
make a key, revoke one, or recover without the other files.${others}

${paint.bold('Now, before anything else:')}
  1. Print recovery-kit.html, or copy recovery.slot, to where neither the vault nor the passphrase is.
  2. Give each machine the one file that it needs, and name it there: HOLDFAST_KEY_FILE=FILE
  3. Remove ${folder} from this machine, and every older copy of the vault's slots/ folder:
     with the passphrase such a copy still opens what there was before.
`
}
