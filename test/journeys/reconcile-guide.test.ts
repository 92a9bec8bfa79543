import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { change } from './testing/example-database.ts'
import { aTraveller, runCommand, type Traveller } from './testing/traveller.ts'

const GUIDE = new URL('../../docs/guides/reconcile.md', import.meta.url)

test('the guide of reconciliation prints what it says', async () => {
  const traveller = await aTraveller()
  const guide = await readFile(GUIDE, 'utf8')
  const example = guide.slice(guide.indexOf('## An example'), guide.indexOf('## Totals'))
  for (const [, kind, text = ''] of example.matchAll(
    /^```(sql|yaml|sh|console)\n([\s\S]*?)^```$/gm,
  ))
    await follow(traveller, kind, text)
  expect(await readFile(traveller.at('reconciliation.html'), 'utf8')).toContain('Signature')
  expect(await readFile(traveller.at('differences.csv'), 'utf8')).toContain('amount,84.50,84.05')
})

/** Files are named in the first line of what goes into them. */
async function follow({ at, environment, folder, holdfast }: Traveller, kind = '', text: string) {
  const name = /^(?:--|#) (\S+)\n/.exec(text)?.[1] ?? ''
  if (kind === 'sql') return change(at(name), text)
  if (kind === 'yaml') return await writeFile(at(name), text)
  if (kind === 'sh') {
    const run = await runCommand('bash', ['-euc', text], { folder, environment })
    return expect(run.exit, run.stderr).toBe(0)
  }
  for (const typed of text.split(/^\$ holdfast /m).slice(1)) {
    const [argv = '', ...printed] = typed.split('\n')
    const run = await holdfast(...argv.split(' '))
    const said = printed.filter((line) => line !== '')
    expect(run.exit, `${argv}\n${run.stderr}`).toBe(said.at(-1)?.startsWith('differs') ? 4 : 0)
    // What is not shown says nothing new.
    if (said.length > 0) expect(normalise(run.stdout)).toEqual(normalise(said.join('\n')))
  }
}

/** Lines without what is another each time: moments, ids, hashes, durations. */
function normalise(text: string): string[] {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, 'TIME')
    .replaceAll(/\b([0-9a-f]{64}|[0-9a-f]{16})\b/g, 'HASH')
    .replaceAll(/[\d.]+ m?s\b/g, 'D')
    .trimEnd()
    .split('\n')
}
