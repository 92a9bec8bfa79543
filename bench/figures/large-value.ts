import { join } from 'node:path'
import { type BenchRun, demand, SOURCE } from '../lib/bench-run.ts'
import { type Figure, plainFigure } from '../lib/figure.ts'
import { createVault, readSummary } from '../lib/holdfast.ts'
import { largeValueSql } from '../lib/tables.ts'

const TARGET = 'documents-restored'

/** Memory for a table with one very large value, there and back. */
export async function measureLargeValue(run: BenchRun): Promise<Figure[]> {
  const { server } = run
  const { valueBytes } = run.options
  const database = await server.createDatabase('documents')
  await database.query(largeValueSql(valueBytes))
  const target = await server.createDatabase('documents_restored')
  const vault = await createVault(join(run.folder, 'large'), {
    sources: { [SOURCE]: database.url },
    targets: { [TARGET]: target.url },
  })
  const backup = await vault.backUp(SOURCE)
  const args = ['restore', `${SOURCE}@latest`, '--to', TARGET, '--yes', '--json']
  const restore = await vault.run(args, { isOutputKept: true })
  const { verified } = readSummary(restore.output) as { verified?: { different: number } }
  demand(verified?.different === 0, 'the restore of a large value read back differences')
  const again = await vault.backUp(SOURCE)
  demand(again.summary.changed === 0, 'a large value that stayed the same was captured again')
  vault.remove()
  await server.dropDatabase('documents')
  await server.dropDatabase('documents_restored')
  const peaks = { backup, restore, 'further backup': again }
  const megabytes = valueBytes / 1e6
  return Object.entries(peaks).flatMap(([name, { peakBytes }]) => {
    run.say(`value of ${megabytes} MB, ${name}: ${(peakBytes / 1e6).toFixed(0)} MB`)
    const what = `${name} with a value of ${megabytes} MB, peak memory`
    return plainFigure({ what, unit: 'bytes' }, [peakBytes], {
      target: 250e6 + 2 * valueBytes,
    })
  })
}
