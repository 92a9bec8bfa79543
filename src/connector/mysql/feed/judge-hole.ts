import type { Cut } from '#record/cut'
import { AppError } from '#stdx/app-error'
import type { LogFile } from './feed-facts.ts'
import { type GtidPosition, isUpTo } from './gtid-position.ts'

export type HoleQuestion = {
  readonly name: string
  readonly after: Pick<Cut, 'position' | 'identity'>
  /** `after.position`, parsed. */
  readonly position: GtidPosition
  /** Of the server that is there now. */
  readonly identity: Cut['identity']
  readonly files: readonly LogFile[]
  /** Where the server's log ends. */
  readonly end: GtidPosition['gtids']
  /** What the server says lies before the place of the position; `null`: no event begins there. */
  readonly there: GtidPosition['gtids'] | null
}

/** Why what was committed behind `after` cannot be had; `undefined` when it can, as far as can be seen. */
export function judgeHole(question: HoleQuestion): AppError | undefined {
  const { after, end, files, identity, name, position } = question
  const refused = (code: Code, found: string) =>
    new AppError(code, `Cannot go on with the feed "${name}" after ${after.position}: ${found}`, {
      name,
      after: after.position,
    })
  if (identity.system !== after.identity.system || identity.database !== after.identity.database) {
    const found = `it is of system ${after.identity.system}, database ${after.identity.database}`
    return refused('connector.feed-other-source', `${found}, found another`)
  }
  const last = files.at(-1)?.name ?? ''
  const first = files[0]?.name ?? ''
  const place = `${position.file}:${position.offset}`
  if (!isUpTo(position.gtids, end) || isBehind(position.file, last)) {
    const found = `the log of the server ends before it, in ${last}: it was put back or reset`
    return refused('connector.feed-rewound', found)
  }
  const own = files.find(({ name }) => name === position.file)
  if (own !== undefined && !isAsItWas(question, own)) {
    return refused('connector.feed-diverged', `other transactions lie before ${place} now`)
  }
  if (own === undefined && isBehind(first, position.file ?? '') && position.gtids.size === 0) {
    return refused('connector.feed-invalidated', `the server dropped its log up to ${first}`)
  }
  return undefined
}

/** Whether the place in the log is still behind the same transactions. */
function isAsItWas({ position, there }: HoleQuestion, own: LogFile): boolean {
  if (position.offset > own.sizeBytes) return false
  if (there === null) return false
  return isUpTo(there, position.gtids) && isUpTo(position.gtids, there)
}

/** Whether one file was begun after another: they are numbered. */
function isBehind(file: string | null, other: string): boolean {
  return numberOf(file ?? '') > numberOf(other)
}

export function numberOf(file: string): number {
  return Number(/\.(\d+)$/.exec(file)?.[1] ?? 0)
}

type Code =
  | 'connector.feed-invalidated'
  | 'connector.feed-rewound'
  | 'connector.feed-diverged'
  | 'connector.feed-other-source'
