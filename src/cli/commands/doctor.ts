import type { Command } from 'commander'
import type { Finding } from '#app/examine-setup'
import type { Paint } from '../paint.ts'
import type { Act } from '../shell.ts'
import { visible } from '../text-width.ts'

export function addDoctor(program: Command, act: Act): void {
  program
    .command('doctor')
    .description('Check everything that a backup needs; each finding with the exact fix.')
    .action(
      act(async ({ context, output, signal }) => {
        const { examineSetup } = await import('#app/examine-setup')
        const findings: Finding[] = []
        for await (const finding of examineSetup(context, signal)) {
          findings.push(finding)
          if (!output.isJson) await output.data(formatFinding(finding, output.paint))
        }
        if (output.isJson) await output.answer(findings, () => '')
        return findings.some(({ verdict }) => verdict === 'bad') ? 1 : 0
      }),
    )
}

function formatFinding({ check, fix, found, verdict }: Finding, paint: Paint): string {
  const marks = { good: paint.green('ok'), bad: paint.red('bad'), skipped: paint.dim('--') }
  const pad = ' '.repeat(4 - (verdict === 'bad' ? 3 : 2))
  const lines = found.split('\n').map(visible).join('\n      ')
  const line = `${marks[verdict]}${pad}${check}: ${lines}\n`
  return fix === '' ? line : `${line}      fix: ${visible(fix)}\n`
}
