import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import * as z from 'zod'
import { cutSchema } from '#record/cut'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { type AskedFor, type HashedTarget, hashPlan, PLAN_FORMAT } from './hash-plans.ts'
import { withoutNotes } from './plan-lines.ts'
import type { EntityStep, RestorePlan } from './restore-plan.ts'

/**
 * A plan as a file, JSON Lines:
 *
 * ```
 * {"type":"plan","format":"holdfast-plan/1","plan":HASH,"vault":ID,"request":{...},"points":[...],"targets":[...]}
 * {"type":"step","source","target","entity","key","op","fields":{NAME:{"before","after"}},"live"}   one a step
 * {"type":"summary",...counts,"plans":[...],"sha256":of all bytes before this line, and of it without this}
 * ```
 *
 * The hash of the plan is over the request, the targets, and every line that writes, byte for byte, without its `notes`.
 */
export type PlanFile = AskedFor & {
  readonly plan: string
  readonly targets: readonly HashedTarget[]
}

/** The steps of one target as lines. */
export type StepLines = { read(): AsyncIterable<Uint8Array> }

/** The file in pieces of a few megabytes at most. */
export async function* formatPlanFile(
  { plan, request, targets, vault }: PlanFile,
  plans: readonly RestorePlan[],
  steps: readonly StepLines[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const points = targets.map(({ point }) => point)
  const head = { type: 'plan', format: PLAN_FORMAT, plan, vault, request, points, targets }
  const hash = createHash('sha256')
  const first = Buffer.from(`${JSON.stringify(head)}\n`)
  hash.update(first)
  yield first
  for (const lines of steps) {
    for await (const bytes of lines.read()) {
      hash.update(bytes)
      yield bytes
    }
  }
  const counts = JSON.stringify({ type: 'summary', ...countAll(plans), plans })
  const sha256 = hash.update(counts).digest('hex')
  yield Buffer.from(`${JSON.stringify({ ...JSON.parse(counts), sha256 })}\n`)
}

function countAll(plans: readonly RestorePlan[]): Record<string, number> {
  const steps = plans.flatMap((plan) => plan.steps)
  const sum = (of: (step: EntityStep) => number | undefined) =>
    steps.reduce((total, step) => total + (of(step) ?? 0), 0)
  return {
    insert: sum(({ insert }) => insert),
    update: sum(({ update }) => update),
    delete: sum((step) => step.delete),
    extra: sum(({ extra }) => extra),
    same: sum(({ same }) => same),
    stay: sum(({ stay }) => stay),
    conflicts: sum(({ conflicts }) => conflicts),
  }
}

const headSchema = z.strictObject({
  type: z.literal('plan'),
  format: z.literal(PLAN_FORMAT),
  plan: z.string(),
  vault: z.string(),
  request: z.record(z.string(), z.unknown()),
  points: z.array(z.string()),
  targets: z
    .array(
      z.strictObject({
        point: z.string(),
        target: z.string(),
        identity: cutSchema.shape.identity,
        undone: z.string().optional(),
        undoes: z.string().optional(),
        writes: z.string(),
      }),
    )
    .min(1),
})

const stepSchema = z.looseObject({
  type: z.literal('step'),
  source: z.string(),
  target: z.string(),
  entity: z.string(),
  key: z.string().nullable(),
  op: z.enum(['insert', 'update', 'delete', 'skip', 'conflict']),
})

const endSchema = z.looseObject({ type: z.literal('summary'), sha256: z.string() })

/** One step of a plan file; two are the same where their lines are. */
export type PlannedStep = {
  /** Target, entity and key, for people. */
  readonly name: string
  readonly isWrite: boolean
  readonly target: string
  readonly line: string
}

/**
 * Reads a plan file from end to end, one line at a time, and says what it plans.
 * @throws restore.plan-invalid unless every byte is as it was written
 */
export async function readPlanFile(path: string): Promise<PlanFile> {
  const whole = createHash('sha256')
  const writes = new Map<string, Hash>()
  let head: z.infer<typeof headSchema> | undefined
  let isEnded = false
  for await (const line of readLines(path)) {
    if (isEnded) throw invalid(path, 'lines after its end')
    if (head === undefined) {
      head = parseHead(path, line)
      for (const { target } of head.targets) writes.set(target, createHash('sha256'))
    } else if (isEnd(line, whole)) isEnded = true
    else addStep(path, line, writes)
    whole.update(`${line}\n`)
  }
  if (head === undefined || !isEnded) throw edited(path)
  const { plan, request, targets, vault } = head
  const isSame = targets.every((one) => writes.get(one.target)?.digest('hex') === one.writes)
  if (!isSame || hashPlan({ request, vault }, targets) !== plan) throw edited(path)
  return { plan, request, targets, vault }
}

function parseHead(path: string, line: string): z.infer<typeof headSchema> {
  const head = headSchema.safeParse(parseLine(line)).data
  if (head === undefined) throw invalid(path, `no plan of the form ${PLAN_FORMAT}`)
  return head
}

function isEnd(line: string, before: Hash): boolean {
  const end = endSchema.safeParse(parseLine(line)).data
  if (end === undefined) return false
  const { sha256, ...counts } = end
  return before.copy().update(JSON.stringify(counts)).digest('hex') === sha256
}

function addStep(path: string, line: string, writes: ReadonlyMap<string, Hash>): void {
  const step = parseStep(parseLine(line), line)
  const hash = writes.get(step?.target ?? '')
  if (step === undefined || hash === undefined) throw edited(path)
  if (step.isWrite) hash.update(`${step.line}\n`)
}

/** The steps of a plan file that write; it was read through before. */
export async function* readSteps(path: string): AsyncGenerator<PlannedStep, void, undefined> {
  for await (const line of readLines(path)) {
    const step = parseStep(parseLine(line), line)
    if (step?.isWrite === true) yield step
  }
}

/** The same of lines that were just planned. */
export async function* stepsOf(lines: StepLines): AsyncGenerator<PlannedStep, void, undefined> {
  for await (const bytes of lines.read()) {
    for (const line of Buffer.from(bytes).toString('utf8').split('\n')) {
      const step = line === '' ? undefined : parseStep(parseLine(line), line)
      assert(step !== undefined || line === '', 'A line that was planned is a step.')
      if (step?.isWrite === true) yield step
    }
  }
}

function parseStep(found: unknown, line: string): PlannedStep | undefined {
  const step = stepSchema.safeParse(found).data
  if (step === undefined) return undefined
  const { entity, key, op, target } = step
  const name = `${target} ${entity}${key === null ? '' : `:${key}`}`
  const isWrite = op !== 'skip' && op !== 'conflict'
  return { name, isWrite, target, line: withoutNotes(line) }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // Refused as any other line that is no step.
    return undefined
  }
}

/** Lines end with a newline and nothing else: values may hold what Unicode, too, calls the end of a line. */
async function* readLines(path: string): AsyncGenerator<string, void, undefined> {
  const input = createReadStream(path, 'utf8')
  try {
    let held: string[] = []
    for await (const piece of input) {
      const [first = '', ...rest] = String(piece).split('\n')
      held.push(first)
      for (const next of rest) {
        yield held.join('')
        held = [next]
      }
    }
    const last = held.join('')
    if (last !== '') yield last
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'a failure'
    throw new AppError(
      'restore.plan-invalid',
      `Cannot read plan "${path}": found ${code === 'ENOENT' ? 'no file there' : code}`,
      { path },
      { cause },
    )
  } finally {
    input.destroy()
  }
}

function edited(path: string): AppError {
  return invalid(path, 'steps that are not those it was made with')
}

function invalid(path: string, found: string): AppError {
  return new AppError('restore.plan-invalid', `Cannot take up plan "${path}": found ${found}`, {
    path,
  })
}
