import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ERROR_TABLE } from './error-table.ts'

const src = new URL('../', import.meta.url)
const LATER_ROOMS = ['cli', 'main']

test('ERROR_TABLE holds the codes of every room that has any', () => {
  const missing = readdirSync(src)
    .filter((room) => !LATER_ROOMS.includes(room))
    .filter((room) => readdirSync(new URL(room, src)).includes('errors.ts'))
    .flatMap((room) => {
      const text = readFileSync(new URL(`${room}/errors.ts`, src), 'utf8')
      return Array.from(text.matchAll(/^ {2}'([a-z-]+\.[a-z-]+)':/gm), ([, code = '']) => code)
    })
    .filter((code) => ERROR_TABLE[code] === undefined)
  expect(missing).toEqual([])
})

test('ERROR_TABLE gives every code an exit status of the documented ones', () => {
  const statuses = [0, 1, 2, 4, 5, 6, 10, 11, 12, 13, 20, 130]
  const strange = Object.entries(ERROR_TABLE).filter(([, { exit }]) => !statuses.includes(exit))
  expect(strange).toEqual([])
})
