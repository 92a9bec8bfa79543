import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ChangedKeys } from '#app/change-keys'
import type { KeysAnswer } from '#app/list-keys'
import type { SplitAnswer } from '#app/split-keys'
import { AppError } from '#stdx/app-error'
import { formatTable } from '../format-table.ts'
import type { Paint } from '../paint.ts'
import type { Act, Shell } from '../shell.ts'
import { writeNewFile } from '../text-file.ts'

export function addKey(program: Command, act: Act): void {
  const key = program.command('key').description('Who holds which key of the vault.')
  addList(key, act)
  addSplit(key, act)
  addAdd(key, act)
  addRotate(key, act)
  addRevoke(key, act)
  addKit(key, act)
}

type AddOptions = { readonly out?: string; readonly newPassphraseFile?: string }

function addAdd(key: Command, act: Act): void {
  key
    .command('add')
    .argument('<ROLE>', 'passphrase, capture:SOURCE, custodian, keeper, restore or auditor')
    .option('--out <FOLDER>', 'a new or empty folder for the credential file of a role')
    .option('--new-passphrase-file <FILE>', 'a file whose first line is the further passphrase')
    .description('Add a passphrase, or a further credential for a role.')
    .action(
      act(async (shell, role: string, options: AddOptions) => {
        if (role !== 'passphrase') return await issue(shell, role, options.out, false)
        const { context, output, signal } = shell
        const { addVaultPassphrase } = await import('#app/change-keys')
        const added = await context.readAddedPassphrase(options.newPassphraseFile, signal)
        const answer = await addVaultPassphrase(context, added, signal)
        await output.answer(
          answer,
          () => `Added slot ${answer.slot}: its passphrase opens what this credential opens.\n`,
        )
        return undefined
      }),
    )
}

function addRotate(key: Command, act: Act): void {
  key
    .command('rotate')
    .argument('<ROLE>', 'capture:SOURCE, custodian, keeper, restore or auditor')
    .requiredOption('--out <FOLDER>', 'a new or empty folder for the credential file')
    .description('Make new keys for a role, and take its earlier credentials out of use.')
    .action(
      act(async (shell, role: string, { out }: { readonly out: string }) =>
        issue(shell, role, out, true),
      ),
    )
}

async function issue(
  { context, output, signal }: Shell,
  role: string,
  out: string | undefined,
  isRotation: boolean,
): Promise<undefined> {
  if (out === undefined) {
    throw new AppError(
      'cli.usage',
      'Cannot add a credential: wanted --out and a folder for its file',
    )
  }
  const { issueKey, parseHolder } = await import('#app/change-keys')
  const request = { holder: parseHolder(role), folder: resolve(out), isRotation }
  const answer = await issueKey(context, request, signal)
  warnProblems(context, answer.problems)
  await output.answer(answer, () => formatChange(answer))
}

function addRevoke(key: Command, act: Act): void {
  key
    .command('revoke')
    .argument('<ID>', 'of a certificate or a slot, as `key list` shows it')
    .description('Take a certificate or a slot out of use.')
    .action(
      act(async ({ context, output, signal }, id: string) => {
        const { revokeKey } = await import('#app/change-keys')
        const answer = await revokeKey(context, id, signal)
        warnProblems(context, answer.problems)
        await output.answer(answer, () => formatChange(answer))
      }),
    )
}

function addKit(key: Command, act: Act): void {
  key
    .command('kit')
    .requiredOption('--out <FILE>', 'the page to write')
    .description('Write the recovery kit: a page to print, with the slot and what to do.')
    .action(
      act(async ({ context, output, signal }, { out }: { readonly out: string }) => {
        const { makeRecoveryKit } = await import('#app/make-recovery-kit')
        const { page, vault } = await makeRecoveryKit(context, signal)
        await writeNewFile(out, page.reveal(), context.random)
        const note = 'With the passphrase it opens everything: print it, then keep the two apart.'
        await output.answer({ vault, file: out }, () => `Wrote ${out}. ${note}\n`)
      }),
    )
}

function warnProblems(context: Shell['context'], problems: ChangedKeys['problems']): void {
  for (const { object, problem } of problems) {
    const message = `Left "${object}" as it was: ${problem}`
    context.warn({ code: 'vault.keys-not-sealed', message })
  }
}

function formatChange({ added, file, resealed, revoked }: ChangedKeys): string {
  return [
    ...(file === null ? [] : [`Wrote ${file}.`]),
    ...added.map((id) => `In use: ${id}`),
    ...revoked.map((id) => `Out of use: ${id}`),
    ...(resealed === 0 ? [] : [`Sealed ${resealed} keyring objects anew.`]),
    '',
  ].join('\n')
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
        warnProblems(context, answer.problems)
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
