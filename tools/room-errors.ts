import { existsSync } from 'node:fs'
import { ROOMS } from '../rooms.ts'
import type { ErrorSpec } from '../src/stdx/app-error.ts'
import { projectRoot } from './project-files.ts'

/** The error table of every room that has one, in the order of rooms.ts. */
export async function loadRoomErrors(): Promise<Map<string, Readonly<Record<string, ErrorSpec>>>> {
  const errorsByRoom = new Map<string, Readonly<Record<string, ErrorSpec>>>()
  for (const { name } of ROOMS) {
    const file = `${projectRoot}src/${name}/errors.ts`
    if (!existsSync(file)) continue
    const tables: Record<string, Readonly<Record<string, ErrorSpec>>> = await import(file)
    const table = tables[`${name.toUpperCase()}_ERRORS`]
    if (table === undefined) throw new Error(`${file} exports no ${name.toUpperCase()}_ERRORS`)
    errorsByRoom.set(name, table)
  }
  return errorsByRoom
}
