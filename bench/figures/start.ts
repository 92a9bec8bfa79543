import { join } from 'node:path'
import { type BenchRun, SOURCE } from '../lib/bench-run.ts'
import { type Figure, plainFigure } from '../lib/figure.ts'
import { createVault } from '../lib/holdfast.ts'

const TIMES = 12

/** `points` of a small vault through the launcher: the start of every command, unlock included. */
export async function measureStart(run: BenchRun): Promise<Figure[]> {
  const database = await run.server.createDatabase('small')
  await database.query('create table note (note_id int primary key, body text)')
  const folder = join(run.folder, 'start')
  const vault = await createVault(folder, { sources: { [SOURCE]: database.url } })
  for (const id of [1, 2, 3]) {
    await database.query(`insert into note values (${id}, 'Note')`)
    await vault.backUp(SOURCE)
  }
  const walls: number[] = []
  for (let i = 0; i < TIMES; i++) walls.push((await vault.run(['points', SOURCE])).wallS)
  const bare: number[] = []
  for (let i = 0; i < TIMES; i++) bare.push((await vault.run(['--version'])).wallS)
  vault.remove()
  await run.server.dropDatabase('small')
  run.say(`start: ${walls.map((wall) => wall.toFixed(3)).join(' ')} s`)
  return [
    ...plainFigure({ what: '`points` of a small vault, whole process', unit: 's' }, walls, {
      target: 0.15,
      note: 'through bin/holdfast, unlock by passphrase included',
    }),
    ...plainFigure({ what: '`--version`, whole process', unit: 's' }, bare),
  ]
}
