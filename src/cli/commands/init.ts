import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import type { InitAnswer } from '#app/init-vault'
import { keyringOf } from '#config/place'
import type { Paint } from '../paint.ts'
import type { Act } from '../shell.ts'

export function addInit(program: Command, act: Act): void {
  program
    .command('init')
    .description('Create the vault, and a first configuration; prints what to keep safe.')
    .action(
      act(async ({ context, output, signal }) => {
        const { initVault } = await import('#app/init-vault')
        const answer = await initVault(context, join(dirname(context.configPath), 'vault'), signal)
        await output.answer(answer, () => formatAnswer(answer, output.paint))
      }),
    )
}

function formatAnswer({ config, isConfigNew, keyring, place, vault }: InitAnswer, paint: Paint) {
  const isInside = keyring === keyringOf(place)
  return `Created vault ${vault} at ${place}.
${isConfigNew ? `Wrote ${config}.` : `${config} names it already.`}

${paint.bold('Keep safe, each where the other is not:')}
  1. The passphrase. Nobody can replace it: without it everything in the vault is lost,
     and whoever has it and the vault has everything in it.
  2. A copy of the vault${isInside ? ', the keyring in it included' : ` and of the keyring at ${keyring}`}.
Both together are enough on an empty machine: \`holdfast recover --vault PLACE\`.

Next: add a source to ${config}, then \`holdfast source check NAME\` and \`holdfast backup\`.
`
}
