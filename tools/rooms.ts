import { posix } from 'node:path'
import type { Room } from '../rooms.ts'
import { withoutComments } from './without-comments.ts'

/** One TypeScript file, with its path from the root of the project and forward slashes. */
export type SourceFile = { readonly path: string; readonly text: string }

/** Every import of `files` that opens a door which `rooms` keeps shut, one sentence each. */
export function findShutDoors(files: readonly SourceFile[], rooms: readonly Room[]): string[] {
  return files.flatMap((file) =>
    readImports(file.text).flatMap((specifier) => {
      const problem = judgeImport(file.path, specifier, rooms)
      return problem === undefined ? [] : [`${file.path} imports "${specifier}": ${problem}`]
    }),
  )
}

/** What is wrong with the table itself: unknown or repeated rooms, a door to a later room. */
export function findTableProblems(rooms: readonly Room[]): string[] {
  const seen = new Set<string>()
  const problems: string[] = []
  for (const room of rooms) {
    if (seen.has(room.name)) problems.push(`${room.name} is listed twice`)
    for (const door of room.doors) {
      if (!seen.has(door))
        problems.push(`${room.name} opens ${door}, which does not stand above it`)
    }
    seen.add(room.name)
  }
  return problems
}

/** The specifiers of static and dynamic imports and re-exports, wherever they stand. */
export function readImports(text: string): string[] {
  const code = withoutComments(text)
  const pattern = /(?:\bfrom\s*|\bimport\s*(?:\(\s*)?)(['"`])([^'"`\n]+)\1/g
  return Array.from(code.matchAll(pattern), (match) => match[2] ?? '')
}

function judgeImport(path: string, specifier: string, rooms: readonly Room[]): string | undefined {
  const roomName = path.split('/')[1] ?? ''
  const room = rooms.find(({ name }) => name === roomName)
  if (room === undefined) return `the room ${roomName} is not in rooms.ts`
  if (specifier.startsWith('#test/')) return isTest(path) ? undefined : 'test kits are for tests'
  if (specifier.startsWith('.')) return judgeInside(path, specifier, room)
  if (specifier.startsWith('#')) return judgeDoor(path, specifier.slice(1), room)
  return undefined
}

function judgeInside(path: string, specifier: string, room: Room): string | undefined {
  const reached = posix.normalize(posix.join(posix.dirname(path), specifier))
  if (!reached.startsWith(`src/${room.name}/`)) return 'it leaves the room; use a #door'
  if (!/\.(ts|wasm|json)$/.test(specifier)) return 'a ./ import bears its extension'
  return judgeTestKit(path, reached)
}

function judgeDoor(path: string, target: string, room: Room): string | undefined {
  const [roomName = '', ...rest] = target.split('/')
  if (/\.[a-z]+$/.test(target)) return 'a #door has no extension'
  if (roomName === room.name) return 'inside a room use ./'
  if (!room.doors.includes(roomName))
    return `rooms.ts opens no door from ${room.name} to ${roomName}`
  const isTestKit = rest[0] === 'testing'
  if (rest.length > 1 && !isTestKit && room.name !== 'main') return 'sub-folders are private'
  return judgeTestKit(path, `src/${target}`)
}

function judgeTestKit(path: string, reached: string): string | undefined {
  return reached.includes('/testing/') && !isTest(path) ? 'test kits are for tests' : undefined
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.includes('/testing/')
}
