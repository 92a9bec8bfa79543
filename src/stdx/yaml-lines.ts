import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml'

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
  /** What the document holds now; never where there are problems. */
  toValue(): unknown
}

/** How often aliases may be followed in all: a text of a few lines can stand for gigabytes. */
const ALIASES_MAX = 2_000

export function readYamlLines(text: string): YamlLines {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, stringKeys: true })
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    problem: sayWrong(error),
  }))
  problems.push(...listLostKeys(document, lines), ...listLostAliases(document, lines))
  return {
    document,
    problems: problems.length > 0 ? problems : listExcess(document),
    lineAt: (node) => lineAt(lines, node),
    lineOf: (path, isKey = false) => lineOf(document, lines, path, isKey),
    toValue: () => document.toJS({ maxAliasCount: ALIASES_MAX }),
  }
}

function sayWrong({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'another document begins here (---), wanted one in a file'
  return message.split(' at line ')[0]?.split('\n')[0] ?? code
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

/** Aliases of what does not stand before them, or of what they stand in themselves. */
function listLostAliases(document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = []
  const anchored = new Map<string, Node>()
  visit(document, {
    Alias(_, alias, ancestors) {
      const named = anchored.get(alias.source)
      const isInside = named !== undefined && ancestors.some((ancestor) => ancestor === named)
      if (named !== undefined && !isInside) return
      const found = isInside
        ? 'stands in what it names itself'
        : 'names nothing that stands before it'
      problems.push({ line: lineAt(lines, alias), problem: `alias "*${alias.source}" ${found}` })
    },
    Value(_, node) {
      if (node.anchor !== undefined) anchored.set(node.anchor, node)
    },
  })
  return problems
}

function listExcess(document: Document): Problem[] {
  try {
    document.toJS({ maxAliasCount: ALIASES_MAX })
    return []
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause
    const problem = `its aliases stand for more than ${ALIASES_MAX} values; write them out`
    return [{ line: 1, problem }]
  }
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
