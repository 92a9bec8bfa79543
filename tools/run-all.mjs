// Runs npm scripts one after the other, all of them even when one fails, and says at the end which
// did: `node run-all.mjs types lint test:unit`.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const reportDir = process.env.HOLDFAST_TEST_REPORTS
const failed = []
const summary = []

for (const script of process.argv.slice(2)) {
  const startedAt = performance.now()
  const { status } = spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  summary.push(`${status === 0 ? 'ok    ' : 'FAILED'} ${script} (${seconds} s)`)
  if (status !== 0) failed.push(script)
}

console.log(`\n${summary.join('\n')}`)
if (reportDir && failed.length > 0) {
  writeFileSync(join(reportDir, `${process.pid}.failed`), `${failed.join('\n')}\n`)
}
process.exitCode = failed.length === 0 ? 0 : 1
