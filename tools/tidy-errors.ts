import type { Room } from '../rooms.ts'
import type { ErrorSpec } from '../src/stdx/app-error.ts'
import type { SourceFile } from './rooms.ts'
import { withoutComments } from './without-comments.ts'

export type RoomErrors = Readonly<Record<string, ErrorSpec>>

const EXITS = [0, 1, 2, 4, 5, 6, 10, 11, 12, 13, 20, 130]

/** What is wrong with the tables themselves: foreign codes, unknown exits, thin help. */
export function findTableProblems(errorsByRoom: ReadonlyMap<string, RoomErrors>): string[] {
  return [...errorsByRoom].flatMap(([room, errors]) =>
    Object.entries(errors).flatMap(([code, { exit, help, status }]) => {
      const problems: string[] = []
      // Every code starts with its room, so a code that two rooms claim is wrong in one of them.
      if (!code.startsWith(`${room}.`)) problems.push(`stands in ${room}/errors.ts`)
      if (!/^[a-z]+\.[a-z]+(-[a-z0-9]+)*$/.test(code)) problems.push('is not words with dashes')
      if (!EXITS.includes(exit)) problems.push(`has exit ${exit}, which nobody knows`)
      if (status < 400 || status > 599) problems.push(`has status ${status}`)
      if (!/^[A-Z`].{20,}[.)]$/s.test(help)) problems.push('has no help in whole sentences')
      return problems.map((problem) => `${code} ${problem}`)
    }),
  )
}

/**
 * Codes thrown that neither the room nor one it opens a door to has in its table, and codes in a
 * table that nobody throws.
 */
export function findCodeProblems(
  files: readonly SourceFile[],
  errorsByRoom: ReadonlyMap<string, RoomErrors>,
  rooms: readonly Pick<Room, 'name' | 'doors'>[],
): string[] {
  const mayThrow = (room: string, code: string) =>
    [room, ...(rooms.find(({ name }) => name === room)?.doors ?? [])].some((name) =>
      Object.hasOwn(errorsByRoom.get(name) ?? {}, code),
    )
  const unknown = files
    .flatMap(readThrownCodes)
    .filter(({ code, room }) => !mayThrow(room, code))
    .map(({ code, path }) => `${path} throws ${code}, which no table within its reach has`)
  const mentioned = files.filter(({ path }) => !path.endsWith('/errors.ts'))
  const dead = [...errorsByRoom].flatMap(([room, errors]) =>
    Object.keys(errors)
      .filter((code) => !mentioned.some(({ text }) => text.includes(`'${code}'`)))
      .map((code) => `src/${room}/errors.ts has ${code}, which nobody throws`),
  )
  return [...unknown, ...dead]
}

/**
 * Exported names of a contract file that have no doc comment. A schema and the type inferred from
 * it are one thing, documented at its fields.
 */
export function findUndocumented({ path, text }: SourceFile): string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, i) => {
    const name = /^export (?:async )?(?:type|interface|function|class|const) (\w+)/.exec(line)?.[1]
    if (
      name === undefined ||
      /Schema\b|z\.infer</.test(line) ||
      lines[i - 1]?.trim().endsWith('*/')
    )
      return []
    return [`${path}: ${name} has no doc comment`]
  })
}

/** Catch blocks that translate a failure and drop what caused it. */
export function findLostCauses({ path, text }: SourceFile): string[] {
  const code = withoutComments(text)
  const lost: string[] = []
  for (const match of code.matchAll(/\bcatch\b[^{]*\{/g)) {
    const block = readBalanced(code, match.index + match[0].length - 1)
    for (const thrown of block.matchAll(/new AppError\(/g)) {
      const call = readBalanced(block, thrown.index + thrown[0].length - 1)
      if (/\bcause\b/.test(call)) continue
      const line = code.slice(0, match.index).split('\n').length
      lost.push(`${path}: the catch of line ${line} throws an AppError without its cause`)
    }
  }
  return lost
}

/** The text from the bracket at `start` to the one that closes it, brackets in strings counted. */
function readBalanced(code: string, start: number): string {
  let depth = 0
  for (let i = start; i < code.length; i++) {
    if ('({['.includes(code.charAt(i))) depth++
    if (')}]'.includes(code.charAt(i)) && --depth === 0) return code.slice(start, i + 1)
  }
  return code.slice(start)
}

function readThrownCodes({ path, text }: SourceFile) {
  const room = path.split('/')[1] ?? ''
  const pattern = /new AppError\(\s*'([^']+)'/g
  return Array.from(withoutComments(text).matchAll(pattern), ([, code = '']) => ({
    code,
    path,
    room,
  }))
}
