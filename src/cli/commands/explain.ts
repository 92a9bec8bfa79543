import type { Command } from 'commander'
import { CLI_ERRORS } from '../errors.ts'
import type { Act } from '../shell.ts'

export function addExplain(program: Command, act: Act): void {
  program
    .command('explain')
    .argument('[CODE]', 'an error code, like vault.damaged; all of them when left out')
    .description('Say what an error code means and what to do.')
    .action(
      act(async ({ output }, code: string | undefined) => {
        const { explainCode } = await import('#app/explain-code')
        const explanations = explainCode(code, CLI_ERRORS)
        const { paint } = output
        await output.answer(code === undefined ? explanations : explanations[0], () =>
          explanations
            .map(({ code: name, exit, help, retry }) => {
              const facts = paint.dim(`exit ${exit}, retry: ${retry}`)
              return `${paint.bold(name)}  ${facts}\n  ${help}\n`
            })
            .join('\n'),
        )
      }),
    )
}
