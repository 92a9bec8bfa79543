import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { SourceFile } from './rooms.ts'

export const projectRoot = fileURLToPath(new URL('..', import.meta.url))

const IGNORED = /(^|\/)(node_modules|dist|\.git|\.cache|coverage|out)(\/|$)/

/** Paths of the project's own files below `folder`, from the root, with forward slashes, sorted. */
export function listFiles(folder: string): string[] {
  const entries = readdirSync(`${projectRoot}${folder}`, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      `${entry.parentPath}/${entry.name}`.slice(projectRoot.length).replace(/^\//, ''),
    )
    .filter((path) => !IGNORED.test(path))
    .sort()
}

export function readProjectFile(path: string): string {
  return readFileSync(`${projectRoot}${path}`, 'utf8')
}

export function readSources(folder: string): SourceFile[] {
  return listFiles(folder)
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readProjectFile(path) }))
}
