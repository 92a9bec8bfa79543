import {
  Environment,
  EvaluationError,
  ParseError,
  TypeError as WrongType,
} from '@marcbachmann/cel-js'
import { Decimal, registerDecimals } from './decimals.ts'

/**
 * An expression of the Common Expression Language over the fields of one record. It sees nothing else:
 * no clock, no other record, no file. Floating point is refused, for an amount would not stay what it is.
 */
export type Expression = {
  /** Fields that it reads. */
  readonly uses: ReadonlySet<string>
  /** Over neutral texts by field, all of `uses` among them. */
  evaluate(values: Readonly<Record<string, string | null>>): Evaluated
}

export type Evaluated =
  | { readonly value: string | boolean | null }
  /** Why there is none, without any value. */
  | { readonly failed: string }

/** What `fields["any name"]` reads, for names that are no identifiers. */
const ALL = 'fields'
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const RESULTS = new Set(['string', 'bool', 'int', 'dyn', 'null', 'Decimal'])
const LIMITS = { maxAstNodes: 2_000, maxDepth: 50, maxListElements: 500, maxCallArguments: 8 }

/** @returns a text where it is none: what is wrong with it */
export function openExpression(text: string, fields: readonly string[]): Expression | string {
  const environment = openEnvironment(fields)
  try {
    const run = environment.parse(text)
    const uses = new Set<string>()
    const problem = readNodes(run.ast, fields, uses)
    if (problem !== null) return problem
    const { error, type = 'dyn', valid } = run.check()
    if (!valid) return summaryOf(error)
    if (!RESULTS.has(type)) return `it gives ${type}, wanted a text, a number, true or false`
    return { uses, evaluate: (values) => evaluate(() => run({ ...values, [ALL]: values })) }
  } catch (error) {
    if (isOfLanguage(error)) return summaryOf(error)
    throw error
  }
}

function openEnvironment(fields: readonly string[]): Environment {
  const environment = new Environment({ limits: LIMITS })
  registerDecimals(environment)
  environment.registerFunction('string.replace(string, string): string', replaceAll)
  environment.registerVariable(ALL, 'map')
  for (const field of fields) {
    if (!NAME.test(field) || environment.hasVariable(field)) continue
    try {
      environment.registerVariable(field, 'dyn')
    } catch {
      // A word of the language: the field is read as `fields["type"]`.
    }
  }
  return environment
}

function replaceAll(text: string, part: string, by: string): string {
  return text.replaceAll(part, () => by)
}

type Node = { readonly op: string; readonly args: unknown }

/** Gathers what is read, and says what may not stand there. */
function readNodes(root: unknown, fields: readonly string[], uses: Set<string>): string | null {
  const known = new Set(fields)
  for (const { args, op, within } of listNodes(root)) {
    if (isFloating(op, args)) return 'it computes with floating point, need decimal("1.5")'
    if (op !== 'id' || typeof args !== 'string') continue
    const name = args === ALL && !known.has(ALL) ? nameIn(within) : args
    if (name === null) return `need ${ALL}["name"]`
    if (known.has(name)) uses.add(name)
    else if (args === ALL) return `there is no field "${name}"`
  }
  return null
}

function isFloating(op: string, args: unknown): boolean {
  if (op === 'value') return typeof args === 'number'
  return op === 'call' && Array.isArray(args) && args[0] === 'double'
}

/** The name that `fields[...]` is asked for. */
function nameIn(within: Node | null): string | null {
  if (within?.op !== '[]' || !Array.isArray(within.args)) return null
  const name: unknown = within.args[1]
  return isNode(name) && name.op === 'value' && typeof name.args === 'string' ? name.args : null
}

/** All nodes, each with the one that it is a part of. */
function* listNodes(
  root: unknown,
  within: Node | null = null,
): Generator<Node & { readonly within: Node | null }, void, undefined> {
  if (Array.isArray(root)) for (const one of root) yield* listNodes(one, within)
  if (!isNode(root)) return
  yield { op: root.op, args: root.args, within }
  yield* listNodes(root.args, root)
}

function isNode(node: unknown): node is Node {
  return typeof node === 'object' && node !== null && 'op' in node && 'args' in node
}

function evaluate(run: () => unknown): Evaluated {
  try {
    const value = run()
    if (typeof value === 'string' || typeof value === 'boolean') return { value }
    if (value === null) return { value }
    if (typeof value === 'bigint') return { value: String(value) }
    if (value instanceof Decimal) return { value: value.format(0) }
    return { failed: 'the expression gives no text, number, true or false' }
  } catch (error) {
    // Whatever a function throws is about the value it was given.
    const code = isOfLanguage(error) ? error.code : undefined
    return { failed: `the expression fails: ${(code ?? 'value unfit').replaceAll('_', ' ')}` }
  }
}

function isOfLanguage(error: unknown): error is ParseError | EvaluationError | WrongType {
  return (
    error instanceof ParseError || error instanceof EvaluationError || error instanceof WrongType
  )
}

function summaryOf(error: unknown): string {
  const summary = isOfLanguage(error) ? error.summary : undefined
  if (summary === undefined) return 'it cannot be read'
  const isNullBeside = summary.startsWith('Ternary branches') && summary.includes("'null'")
  return isNullBeside ? `${summary}; null beside another type is written dyn(null)` : summary
}
