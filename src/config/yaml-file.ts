// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how holdfast.yaml names variables
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml'
import {
  type Environment,
  interpolate,
  isVeiled,
  unveilVariables,
  veilVariables,
} from './interpolate.ts'

/** Something wrong in the file. */
export type Problem = { readonly line: number; readonly problem: string }

export type Path = readonly (string | number)[]

/** A YAML file that can say on which line each of its values stands. */
export type YamlFile = {
  /** As plain data, with every variable that is set put in. */
  readonly value: unknown
  /** What is wrong with it as YAML; then `value` is not to be used. */
  readonly problems: readonly Problem[]
  /** Variables that are not set, with the path of the value that needs them. */
  readonly missing: readonly { readonly path: Path; readonly name: string }[]
  /** The line of a value, of the key where `isKey`, or of the nearest thing around it. */
  lineOf(path: Path, isKey?: boolean): number
}

export function readYamlFile(text: string, environment: Environment): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(veilVariables(text), { lineCounter: lines, stringKeys: true })
  const problems = syntaxProblems(text, document, lines)
  const missing: { path: Path; name: string }[] = []
  visit(document, {
    Scalar(key, node, ancestors) {
      if (typeof node.value !== 'string') return
      if (key === 'key') {
        node.value = unveilVariables(node.value)
        return
      }
      if (/\$\{/.test(node.value.replaceAll('$$', ''))) {
        problems.push({
          line: lineAt(lines, node),
          problem: 'found ${ without the name of a variable and }; write $${ for the text itself',
        })
      }
      const { text: value, missing: names } = interpolate(node.value, environment)
      const path = pathOf(ancestors, key, node)
      for (const name of names) missing.push({ path, name })
      node.value = value
    },
  })
  const value: unknown = problems.length === 0 ? document.toJS() : undefined
  return {
    value,
    problems,
    missing,
    lineOf: (path, isKey = false) => lineOf(document, lines, path, isKey),
  }
}

function syntaxProblems(text: string, document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    problem: unveilVariables(error.message.split(' at line ')[0]?.split('\n')[0] ?? error.code),
  }))
  if (isVeiled(text)) {
    problems.push({ line: 1, problem: 'found a private-use character (U+E000 to U+E002)' })
  }
  return problems
}

/** The path of a scalar, from the nodes it stands in. */
function pathOf(ancestors: readonly unknown[], key: unknown, node: Node): (string | number)[] {
  const path: (string | number)[] = []
  const chain = [...ancestors, node]
  for (const [i, ancestor] of chain.entries()) {
    const inner = chain[i + 1]
    if (isPair(ancestor)) path.push(String(isScalar(ancestor.key) ? ancestor.key.value : ''))
    else if (isSequence(ancestor)) path.push(ancestor.items.indexOf(inner))
  }
  return typeof key === 'number' && path.length === 0 ? [key] : path
}

function isPair(node: unknown): node is { key: unknown; value: unknown } {
  return typeof node === 'object' && node !== null && 'key' in node && 'value' in node
}

function isSequence(node: unknown): node is { items: unknown[] } {
  return typeof node === 'object' && node !== null && 'items' in node && !isMap(node)
}

function lineOf(document: Document, lines: LineCounter, path: Path, isKey: boolean): number {
  const last = path.at(-1)
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents
  if (isKey && isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last)
    if (pair !== undefined && isScalar(pair.key)) return lineAt(lines, pair.key)
  }
  const node = path.length === 0 ? document.contents : document.getIn(path, true)
  if (isNode(node)) return lineAt(lines, node)
  return path.length === 0 ? 1 : lineOf(document, lines, path.slice(0, -1), true)
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value
}

function lineAt(lines: LineCounter, node: Node): number {
  return lines.linePos(node.range?.[0] ?? 0).line
}
