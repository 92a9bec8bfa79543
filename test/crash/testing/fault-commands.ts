import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { planSource } from '#app/compact-source'
import type { Vault } from '#vault/vault'
import { readDatabase, type StageName } from './fault-stages.ts'
import type { ThreadName } from './trace-command.ts'
import { checkAtHand, type PointRows, readPoints } from './vault-at-hand.ts'

const { signal } = new AbortController()

/** What a command left: its folder, and the vault in it, open. */
export type Scene = {
  readonly folder: string
  readonly vault: Vault
  open(vault: string): Promise<Vault>
}

/** What the command does where nothing fails, to compare with. */
export type Undisturbed = { readonly before: Facts; readonly after: Facts }
export type Facts = { readonly points: PointRows; readonly copy: string }

/** A command that faults are tried on. */
export type FaultCommand = {
  readonly name: string
  readonly stage: StageName
  readonly argv: readonly string[]
  readonly thread: ThreadName
  /** The stage is damaged, and the command is what mends it. */
  readonly isMending?: boolean
  /** What is wrong with what only this command writes, at any time; sentences. */
  readonly look?: (scene: Scene, undisturbed: Undisturbed) => Promise<string[]>
  /** What is not done yet, besides the points; sentences. */
  readonly unfinished?: (scene: Scene, undisturbed: Undisturbed) => Promise<string[]>
}

const RESTORE = ['restore', 'erp@2', '--to', 'copy', '--delete-added', '--confirm', 'copy']
const HEAL = ['check', '--read-data', '--heal-from', './second']

export const FAULT_COMMANDS: readonly FaultCommand[] = [
  { name: 'first backup', stage: 'begun', argv: ['backup'], thread: 'files' },
  { name: 'backup', stage: 'points', argv: ['backup'], thread: 'files' },
  { name: 'full backup', stage: 'points', argv: ['backup', '--full'], thread: 'files' },
  {
    name: 'expire',
    stage: 'points',
    argv: ['expire', 'erp', '--confirm', 'erp'],
    thread: 'files',
  },
  {
    name: 'compact',
    stage: 'expired',
    argv: ['compact'],
    thread: 'files',
    unfinished: async ({ vault }) => {
      const { merges } = await planSource(vault, 'erp', signal)
      return merges.length === 0 ? [] : [`${merges.length} merges are left`]
    },
  },
  {
    name: 'collect',
    stage: 'compacted',
    argv: ['collect', '--grace', '0s'],
    thread: 'files',
    unfinished: async ({ vault }) => {
      const { garbage, replaced } = await checkAtHand(vault, 'hashes')
      return garbage.objects + replaced.objects === 0 ? [] : ['not everything was collected']
    },
  },
  ...(['points', 'replicated'] as const).map(
    (stage): FaultCommand => ({
      name: stage === 'points' ? 'first replicate' : 'replicate',
      stage,
      argv: ['replicate', './second'],
      thread: 'files',
      look: lookAtReplica,
      unfinished: findUnreplicated,
    }),
  ),
  ...(['files', 'main'] as const).map(
    (thread): FaultCommand => ({
      name: thread === 'main' ? 'restore' : 'restore, its record',
      stage: 'points',
      argv: RESTORE,
      thread,
      look: lookAtCopy,
      unfinished: async ({ folder }, { after }) =>
        (await readDatabase(join(folder, 'copy.db'))) === after.copy ? [] : ['the copy differs'],
    }),
  ),
  { name: 'heal', stage: 'damaged', argv: HEAL, thread: 'files', isMending: true },
]

/** As it was, or as it is to be. */
async function lookAtCopy({ folder }: Scene, { after, before }: Undisturbed): Promise<string[]> {
  const copy = await readDatabase(join(folder, 'copy.db'))
  return copy === before.copy || copy === after.copy ? [] : ['the target is half restored']
}

/** No vault yet, or one in which all that is listed is there. */
async function lookAtReplica({ folder, open }: Scene, { after }: Undisturbed): Promise<string[]> {
  const second = join(folder, 'second')
  if (!existsSync(join(second, 'vault.json'))) return []
  const replica = await open(second)
  const { problems } = await checkAtHand(replica, 'decoded')
  const points = Object.entries(await readPoints(replica))
  const wrong = points.filter(([point, rows]) => !isDeepStrictEqual(rows, after.points[point]))
  return [
    ...problems.map(({ object, problem }) => `replica: ${object}: ${problem}`),
    ...wrong.map(([point]) => `replica: ${point} has other rows`),
  ]
}

async function findUnreplicated(
  { folder, open }: Scene,
  { after }: Undisturbed,
): Promise<string[]> {
  const second = join(folder, 'second')
  if (!existsSync(join(second, 'vault.json'))) return ['there is no replica']
  const isSame = isDeepStrictEqual(await readPoints(await open(second)), after.points)
  return isSame ? [] : ['the replica lacks points']
}
