// Writes the generated pages again: `npm run docs`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generatePages } from './generated-pages.ts'
import { projectRoot } from './project-files.ts'

for (const { path, text } of await generatePages()) {
  mkdirSync(dirname(`${projectRoot}${path}`), { recursive: true })
  writeFileSync(`${projectRoot}${path}`, text)
  console.log(`wrote ${path}`)
}
