import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { planSource } from '#app/compact-source'
import { isAppError } from '#stdx/app-error'
import { Secret } from '#stdx/secret'
import type { Vault } from '#vault/vault'
import { SECOND_PASSPHRASE, type StageName } from './fault-stages.ts'
import type { Effect, ThreadName } from './trace-command.ts'
import {
  checkAtHand,
  listKeysAtHand,
  openAtHand,
  openByPassphrase,
  PASSPHRASE,
  type PointRows,
  readPoints,
} from './vault-at-hand.ts'

const { signal } = new AbortController()

/** What a command left: its folder, and the vault in it, open. */
export type Scene = {
  readonly folder: string
  readonly vault: Vault
  open(vault: string): Promise<Vault>
}

/** What the command does where nothing fails, to compare with. */
export type Undisturbed = { readonly before: Facts; readonly after: Facts }
export type Facts = {
  readonly points: PointRows
  /** Everything in the target. */
  readonly copy: string
  readonly config: string
  /** Labels and holds. */
  readonly marks: string
}

/** A command that faults are tried on. */
export type FaultCommand = {
  readonly name: string
  readonly stage: StageName
  readonly argv: readonly string[] | ((folder: string) => readonly string[])
  readonly more?: (folder: string) => Readonly<Record<string, string>>
  readonly thread: ThreadName
  /** What of it faults are for; else files of the vault and around it. */
  readonly watches?: RegExp
  /** Those that make sense there; else all. */
  readonly effects?: readonly Effect[]
  /** How the vault opens that it leaves, where its keys are other ones every time. */
  readonly open?: (folder: string, vault: string) => Promise<Vault>
  /** The code with which it says, run again, that it had been done. */
  readonly saysDone?: string
  /** The stage is damaged, and the command is what mends it. */
  readonly isMending?: boolean
  /** What is wrong with what only this command writes, at any time; sentences. */
  readonly look?: (scene: Scene, undisturbed: Undisturbed) => Promise<string[]>
  /** What is not done yet, besides the points; sentences. */
  readonly unfinished?: (scene: Scene, undisturbed: Undisturbed) => Promise<string[]>
}

const RESTORE = ['restore', 'erp@2', '--to', 'copy', '--delete-added', '--confirm', 'copy']
const RESTORE_POSTGRES = ['restore', 'crm@1', ...RESTORE.slice(2)]
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
    }),
  ),
  {
    name: 'restore into PostgreSQL',
    stage: 'postgres',
    argv: RESTORE_POSTGRES,
    thread: 'main',
    // All that it says to the server, amid the transaction too.
    watches: /^writev?\(\d+<TCP:/,
    effects: ['kill', 'EIO'],
  },
  {
    name: 'restore into PostgreSQL, its files',
    stage: 'postgres',
    argv: RESTORE_POSTGRES,
    thread: 'files',
  },
  { name: 'heal', stage: 'damaged', argv: HEAL, thread: 'files', isMending: true },
  {
    name: 'label',
    stage: 'points',
    argv: ['label', 'erp@3', 'quarter'],
    thread: 'files',
  },
  { name: 'hold', stage: 'points', argv: ['hold', 'erp@2', '--reason', 'audit'], thread: 'files' },
  { name: 'release', stage: 'held', argv: ['release', 'erp@2'], thread: 'files' },
  {
    name: 'recover',
    stage: 'lost',
    argv: ['recover', '--vault', './vault'],
    thread: 'files',
    saysDone: 'config.exists',
  },
  {
    name: 'recover, over another',
    stage: 'points',
    argv: ['recover', '--vault', './vault', '--confirm', 'holdfast.yaml'],
    thread: 'files',
  },
  {
    name: 'init',
    stage: 'empty',
    argv: ['init'],
    thread: 'files',
    open: (_, vault) => openByPassphrase(vault, PASSPHRASE),
    saysDone: 'vault.exists',
    unfinished: async ({ vault }) => {
      const { headSeq } = await vault.readChain('_vault', signal)
      return headSeq < 0 ? ['its own timeline has not begun'] : []
    },
  },
  {
    name: 'key split',
    stage: 'points',
    argv: ['key', 'split', '--out', 'keys'],
    thread: 'files',
    open: openSplit,
    saysDone: 'vault.keys-split',
    look: lookAtKeys,
    unfinished: async ({ folder }) => (isSplit(folder) ? [] : ['the passphrase opens it']),
  },
  ...(['add', 'rotate'] as const).map(
    (verb): FaultCommand => ({
      name: `key ${verb}`,
      stage: 'split',
      argv: ['key', verb, 'restore', '--out', 'more'],
      more: withRecovery,
      thread: 'files',
      saysDone: 'vault.key-in-use',
      look: async ({ folder }) => {
        const kept = verb === 'add' ? ['keys/restore.key'] : []
        return await lookAtFiles(folder, [...kept, 'keys/keeper.key', 'more/restore.key'])
      },
      unfinished: async ({ folder }) =>
        existsSync(join(folder, 'more/restore.key')) ? [] : ['there is no file'],
    }),
  ),
  {
    name: 'key revoke',
    stage: 'split',
    argv: (folder) => ['key', 'revoke', readId(folder)],
    more: withRecovery,
    thread: 'files',
    look: ({ folder }) => lookAtFiles(folder, ['keys/keeper.key']),
    unfinished: async ({ folder }) => {
      const auditor = new Secret(readFileSync(join(folder, 'keys/auditor.key'), 'utf8'))
      const keys = await listKeysAtHand(join(folder, 'vault'), auditor)
      const { isRevoked } = keys.find(({ id }) => id === readId(folder)) ?? {}
      return isRevoked ? [] : ['it is not revoked']
    },
  },
  {
    name: 'key add passphrase',
    stage: 'points',
    argv: (folder) => ['key', 'add', 'passphrase', '--new-passphrase-file', writeSecond(folder)],
    thread: 'files',
    unfinished: async ({ folder }) =>
      (await opensBySecond(folder)) ? [] : ['the further passphrase does not open it'],
  },
  {
    name: 'key revoke of a slot',
    stage: 'second',
    argv: (folder) => ['key', 'revoke', readId(folder)],
    thread: 'files',
    saysDone: 'vault.key-unknown',
    unfinished: async ({ folder }) =>
      (await opensBySecond(folder)) ? ['the further passphrase opens it'] : [],
  },
]

/** What the stage has for `key revoke`. */
function readId(folder: string): string {
  return readFileSync(join(folder, 'id'), 'utf8')
}

function withRecovery(folder: string): Readonly<Record<string, string>> {
  return { HOLDFAST_SLOT: join(folder, 'keys/recovery.slot') }
}

/** The folder goes with the last slot in it. */
function isSplit(folder: string): boolean {
  return !existsSync(join(folder, 'vault/keyring/slots'))
}

/** As long as the passphrase opens anything it opens everything; then it opens the recovery slot. */
async function openSplit(folder: string, vault: string): Promise<Vault> {
  const slot = isSplit(folder) ? join(folder, 'keys/recovery.slot') : undefined
  return await openByPassphrase(vault, PASSPHRASE, slot)
}

/** Once the passphrase opens nothing any more, there is every file, and each opens its part. */
async function lookAtKeys({ folder }: Scene): Promise<string[]> {
  if (!isSplit(folder)) return []
  const files = ['auditor', 'capture-erp', 'custodian', 'keeper', 'restore'].map(
    (one) => `${one}.key`,
  )
  const wanted = [...files, 'recovery-kit.html', 'recovery.slot']
  const missing = wanted.filter((name) => !existsSync(join(folder, 'keys', name)))
  if (missing.length > 0) return missing.map((name) => `${name} is not there, and no slot`)
  return await lookAtFiles(folder, ['keys/keeper.key', 'keys/restore.key'])
}

/** Those of the credential files that are there and read less than every row. */
async function lookAtFiles(folder: string, files: readonly string[]): Promise<string[]> {
  const wrong: string[] = []
  for (const file of files.filter((name) => existsSync(join(folder, name)))) {
    const keyFile = new Secret(readFileSync(join(folder, file), 'utf8'))
    const vault = await openAtHand(join(folder, 'vault'), keyFile)
    const { problems } = await checkAtHand(vault, 'decoded')
    wrong.push(...problems.map(({ object, problem }) => `with ${file}: ${object}: ${problem}`))
  }
  return wrong
}

/** The passphrase that is to be added, in a file. */
function writeSecond(folder: string): string {
  const path = join(folder, 'second-passphrase')
  writeFileSync(path, SECOND_PASSPHRASE)
  return path
}

async function opensBySecond(folder: string): Promise<boolean> {
  try {
    await openByPassphrase(join(folder, 'vault'), SECOND_PASSPHRASE)
    return true
  } catch (error) {
    if (isAppError(error, 'seal.passphrase-wrong')) return false
    throw error
  }
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
