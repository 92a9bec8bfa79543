import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { aTraveller, type Traveller, travellerIn } from './traveller.ts'

export type Begun<T> = Traveller & { readonly begun: T }

/**
 * For a file whose journeys begin alike: `begin` is done once, and each journey goes on in a copy of
 * that folder, the state of the machine included. Nothing in it may name the folder.
 */
export function begunOnce<T>(begin: (traveller: Traveller) => Promise<T>): () => Promise<Begun<T>> {
  const done = Promise.withResolvers<{ readonly folder: string; readonly begun: T }>()
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-begun-'))
    done.resolve({ folder, begun: await begin(travellerIn(folder)) })
  })
  afterAll(async () => rm((await done.promise).folder, { recursive: true, force: true }))
  return async () => {
    const { begun, folder } = await done.promise
    const traveller = await aTraveller()
    await cp(folder, traveller.folder, { recursive: true, preserveTimestamps: true })
    return { ...traveller, begun }
  }
}
