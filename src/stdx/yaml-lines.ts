import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml'

/** Something wrong in a file. */
export type Problem = { readonly line: number; readonly problem: string }

export type Path = readonly (string | number)[]

/** A YAML text that can say on which line each of its values stands. */
export type YamlLines = {
  readonly document: Document
  /** What is wrong with it as YAML; then its values are not to be used. */
  readonly problems: readonly Problem[]
  lineAt(node: Node): number
  /** The line of a value, of the key where `isKey`, or of the nearest thing around it. */
  lineOf(path: Path, isKey?: boolean): number
}

export function readYamlLines(text: string): YamlLines {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, stringKeys: true })
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    problem: error.message.split(' at line ')[0]?.split('\n')[0] ?? error.code,
  }))
  return {
    document,
    problems: [...problems, ...listLostKeys(document, lines)],
    lineAt: (node) => lineAt(lines, node),
    lineOf: (path, isKey = false) => lineOf(document, lines, path, isKey),
  }
}

/** Problems as lines of a message, in the order of the file. */
export function formatProblems(problems: readonly Problem[]): string {
  const sorted = [...problems].sort((a, b) => a.line - b.line)
  const lines = sorted.map(({ line, problem }) => `  line ${line}: ${problem}`)
  const count = sorted.length === 1 ? '1 problem' : `${sorted.length} problems`
  return `found ${count}\n${lines.join('\n')}`
}

/** Objects that are made key by key, as by schemas, lose a key of this name without a word. */
const LOST_KEY = '__proto__'

function listLostKeys(document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = []
  visit(document, {
    Pair(_, { key }) {
      if (!isScalar(key) || key.value !== LOST_KEY) return
      problems.push({ line: lineAt(lines, key), problem: `"${LOST_KEY}" cannot be a key` })
    },
  })
  return problems
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
