import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createExample, readAll } from './testing/example-database.ts'
import { aTraveller, HOLDFAST, PASSPHRASE, runCommand } from './testing/traveller.ts'

const GUIDE = new URL('../../docs/guides/disaster.md', import.meta.url)

test('the disaster guide works on an empty machine, command by command', async () => {
  const guide = await readFile(GUIDE, 'utf8')
  const lost = await aTraveller()
  createExample(join(lost.folder, 'erp.db'))
  const wanted = readAll(join(lost.folder, 'erp.db'))
  await writeFile(
    join(lost.folder, 'holdfast.yaml'),
    'vault: ./vault\nsources:\n  erp: { connector: sqlite, file: ./erp.db }\ntargets:\n',
  )
  expect(await lost.holdfast('init')).toMatchObject({ exit: 0 })
  expect(await lost.holdfast('backup')).toMatchObject({ exit: 0 })

  const { environment, folder } = await aTraveller()
  const vault = join(folder, 'mnt/vault')
  await cp(join(lost.folder, 'vault'), vault, { recursive: true })
  await rm(lost.folder, { recursive: true })
  await writeFile(join(folder, 'passphrase'), `${PASSPHRASE}\n`)
  await mkdir(join(folder, 'bin'))
  await symlink(HOLDFAST, join(folder, 'bin/holdfast'))

  const script = toScript(guide).replaceAll('/mnt/backup/vault', vault)
  const { HOLDFAST_PASSPHRASE: _, ...without } = environment
  const machine = { ...without, PATH: `${join(folder, 'bin')}:${without['PATH'] ?? ''}` }
  const run = await runCommand('bash', ['-euo', 'pipefail', '-c', script], {
    folder,
    environment: machine,
  })
  expect(run.exit, `${run.stdout}\n${run.stderr}`).toBe(0)
  expect(run.stdout).toContain('whole')
  expect(run.stdout).toContain('same')
  expect(readAll(join(folder, 'recovery/new-erp.db'))).toEqual(wanted)
  expect(await readFile(join(folder, 'recovery/holdfast.yaml'), 'utf8')).toContain(vault)
})

/** Its `sh` blocks as they are, its `yaml` block as an edit of the line it begins with. */
function toScript(guide: string): string {
  const blocks = Array.from(guide.matchAll(/^```(sh|yaml)\n([\s\S]*?)^```$/gm))
  expect(blocks.length).toBeGreaterThan(3)
  return blocks
    .map(([, language, text = '']) => (language === 'sh' ? text : toEdit(text)))
    .join('\n')
}

function toEdit(yaml: string): string {
  const [first = '', ...rest] = yaml.trimEnd().split('\n')
  return [
    `cat > edit.txt <<'END'`,
    ...rest,
    'END',
    `sed -i '/^${first}$/r edit.txt' holdfast.yaml && rm edit.txt`,
  ].join('\n')
}
