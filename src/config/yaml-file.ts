// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how holdfast.yaml names variables
import { isMap, isScalar, type Node, visit } from 'yaml'
import { type Path, type Problem, readYamlLines } from '#stdx/yaml-lines'
import {
  type Environment,
  interpolate,
  isVeiled,
  unveilVariables,
  veilVariables,
} from './interpolate.ts'

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
  const yaml = readYamlLines(veilVariables(text))
  const { document, lineAt, lineOf, problems: found } = yaml
  const problems = found.map((one) => ({ ...one, problem: unveilVariables(one.problem) }))
  if (isVeiled(text)) {
    problems.push({ line: 1, problem: 'found a private-use character (U+E000 to U+E002)' })
  }
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
          line: lineAt(node),
          problem: 'found ${ without the name of a variable and }; write $${ for the text itself',
        })
      }
      const { text: value, missing: names } = interpolate(node.value, environment)
      const path = pathOf(ancestors, key, node)
      for (const name of names) missing.push({ path, name })
      node.value = value
    },
  })
  const value: unknown = problems.length === 0 ? yaml.toValue() : undefined
  return { value, problems, missing, lineOf }
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
