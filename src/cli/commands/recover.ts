import type { Command } from 'commander'
import { AppError } from '#stdx/app-error'
import type { Act } from '../shell.ts'

export function addRecover(program: Command, act: Act): void {
  program
    .command('recover')
    .description('On an empty machine: write a configuration from --vault and its passphrase.')
    .option('--confirm <NAME>', 'name of the configuration file that may be replaced')
    .action(
      act(async ({ context, output, settings, signal }, options: { confirm?: string }) => {
        if (settings.vault === undefined) {
          throw new AppError('cli.usage', 'Cannot recover: wanted --vault and where the vault is')
        }
        const load = () => import('#app/recover-config')
        const config = context.readFlagsOnly()
        const vault = await context.openVault(signal, { config, meanwhile: load })
        const { recoverConfig } = await load()
        const request = { confirmed: options.confirm, config, vault }
        const answer = await recoverConfig(context, request, signal)
        await output.answer(answer, () => {
          const { sources, variables } = answer
          return [
            `Wrote ${answer.config} for the vault at ${answer.vault}.`,
            sources.length === 0
              ? 'The vault holds no source yet.'
              : `The vault holds: ${sources.join(', ')}.`,
            ...variables.map((name) => `Set ${name} before using the system that needs it.`),
            'Next: `holdfast points`, then add a target and `holdfast restore POINT --to TARGET`.',
            '',
          ].join('\n')
        })
      }),
    )
}
