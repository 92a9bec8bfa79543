import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openThrowAwayTargets } from './throw-away-targets.ts'

const deps = {
  openOwnFile: () => Promise.reject(new Error('Nothing is opened here.')),
  openTarget: () => Promise.reject(new Error('Nothing is opened here.')),
}

test('copies are for their owner alone, go when they are disposed, and so does what was killed', async () => {
  const tempDir = await mkdtemp(join(tmpdir(), 'holdfast-throwing-'))
  onTestFinished(() => rm(tempDir, { recursive: true, force: true }))
  const { pid: gone } = spawnSync(process.execPath, ['-e', ''])
  const killed = `holdfast-drill-${gone}-abc`
  const running = `holdfast-drill-${process.pid}-abc`
  for (const name of [killed, running]) {
    await mkdir(join(tempDir, name))
    await writeFile(join(tempDir, name, 'erp.db'), 'rows')
  }
  {
    await using _ = await openThrowAwayTargets(deps, { sources: ['crm', 'erp'], tempDir })
    const names = await readdir(tempDir)
    expect(names).not.toContain(killed)
    expect(names).toContain(running)
    const own = join(tempDir, names.find((name) => name !== running) ?? '')
    expect((await stat(own)).mode & 0o777).toBe(0o700)
    expect(await readdir(own)).toEqual(['crm.db', 'erp.db'])
    expect((await stat(join(own, 'erp.db'))).mode & 0o777).toBe(0o600)
  }
  expect(await readdir(tempDir)).toEqual([running])
})
