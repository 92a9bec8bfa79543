import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from './project-files.ts'

const PRINTS_ARGUMENTS = 'console.log(JSON.stringify(process.argv.slice(2)))\n'
const BUILDS = `import { appendFileSync, writeFileSync } from 'node:fs'
appendFileSync(new URL('../builds', import.meta.url), 'x')
writeFileSync(new URL('../dist/cli.cjs', import.meta.url), 'console.log("built")')
`

/** A package as npm lays it out, with the real `bin/`, removed at the end. */
function aPackage(files: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-launcher-'))
  const root = join(folder, 'lib/holdfast')
  cpSync(join(projectRoot, 'bin'), join(root, 'bin'), { recursive: true })
  const all = { 'package.json': '{ "type": "module" }', 'dist/cli.cjs': PRINTS_ARGUMENTS, ...files }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const program = join(root, 'bin/holdfast')
  return {
    folder,
    root,
    /** Runs the launcher with a PATH that begins with `pathFirst`. */
    run(given: string[] = [], { as = program, env = {} }: { as?: string; env?: object } = {}) {
      const path = `${dirname(process.execPath)}:/usr/bin:/bin`
      const options = { encoding: 'utf8', env: { PATH: path, HOME: folder, ...env } } as const
      const { status, stderr, stdout } = spawnSync(as, given, options)
      return { status, stderr, stdout }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A clone: sources that were last touched `ageSeconds` after the build. */
function aClone({ sourceAgeSeconds }: { sourceAgeSeconds: number }) {
  const clone = aPackage({
    'src/main/cli.ts': '',
    'tools/build.mjs': BUILDS,
    'package-lock.json': '{}',
    'node_modules/rolldown/package.json': '{}',
  })
  const nowSeconds = Date.now() / 1000
  const built = nowSeconds - 1000
  const touched = built + sourceAgeSeconds
  utimesSync(join(clone.root, 'dist/cli.cjs'), built, built)
  for (const path of [
    'src/main/cli.ts',
    'src/main',
    'src',
    'tools/build.mjs',
    'package-lock.json',
  ]) {
    utimesSync(join(clone.root, path), touched, touched)
  }
  return clone
}

test('bin/holdfast passes its arguments on as they are', () => {
  using holdfast = aPackage()
  expect(holdfast.run(['a b', '', '*', '--x=$y'])).toMatchObject({
    status: 0,
    stdout: '["a b","","*","--x=$y"]\n',
  })
})

test('bin/holdfast passes the exit status on', () => {
  using holdfast = aPackage({ 'dist/cli.cjs': 'process.exitCode = 13' })
  expect(holdfast.run().status).toBe(13)
})

test('bin/holdfast runs through links to links', () => {
  using holdfast = aPackage()
  mkdirSync(join(holdfast.folder, 'bin'))
  symlinkSync('../lib/holdfast/bin/holdfast', join(holdfast.folder, 'bin/holdfast'))
  symlinkSync(join(holdfast.folder, 'bin/holdfast'), join(holdfast.folder, 'hf'))
  expect(holdfast.run(['x'], { as: join(holdfast.folder, 'hf') }).stdout).toBe('["x"]\n')
})

test('bin/holdfast prefers the Node of its own clone', () => {
  using holdfast = aPackage({ 'node_modules/.bin/node': '#!/bin/sh\necho "own node"\n' })
  chmodSync(join(holdfast.root, 'node_modules/.bin/node'), 0o755)
  expect(holdfast.run().stdout).toBe('own node\n')
})

test('bin/holdfast refuses Windows, whatever shell runs it there', () => {
  using holdfast = aPackage()
  const { status, stderr, stdout } = holdfast.run([], { env: { OS: 'Windows_NT' } })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain('Windows is not supported')
})

test('bin/holdfast says what to install when there is no Node', () => {
  using holdfast = aPackage()
  mkdirSync(join(holdfast.folder, 'tools'))
  const { status, stderr } = holdfast.run([], { env: { PATH: join(holdfast.folder, 'tools') } })
  expect(status).toBe(2)
  expect(stderr).toMatch(/install Node\.js 24\.7 or newer/)
})

test.each([
  ['20.20.2', 2],
  ['24.6.0', 2],
  ['24.7.0', 0],
  ['26.0.0', 0],
])('bin/check-node.cjs meets Node %s with exit %d', (version, status) => {
  using holdfast = aPackage({
    'old.cjs': `const versions = { ...process.versions, node: '${version}' }
      Object.defineProperty(process, 'versions', { value: versions })`,
  })
  const given = ['-r', './old.cjs', 'bin/check-node.cjs', 'dist/cli.cjs', 'x']
  const done = spawnSync(process.execPath, given, { cwd: holdfast.root, encoding: 'utf8' })
  expect(done.status).toBe(status)
  if (status === 0) expect(done.stdout).toBe('["x"]\n')
  else expect(done.stderr).toContain(`this is Node.js ${version}, and Holdfast needs 24.7`)
})

test('bin/holdfast keeps compiled code, and runs no other code than that of the bundle', () => {
  using holdfast = aPackage({ 'dist/cli.cjs': `console.log(require('./chunks/one.cjs').say())\n` })
  const chunk = join(holdfast.root, 'dist/chunks/one.cjs')
  mkdirSync(dirname(chunk))
  writeFileSync(chunk, `exports.say = () => 'one'\n`)
  expect(holdfast.run().stdout).toBe('one\n')
  const compiled = join(holdfast.folder, '.cache/holdfast/compiled')
  const kept = readdirSync(compiled)
  expect(kept).toHaveLength(2)

  // As long as before: to V8 that would be the same source.
  writeFileSync(chunk, `exports.say = () => 'two'\n`)
  expect(holdfast.run().stdout).toBe('two\n')
  for (const name of readdirSync(compiled)) {
    const bytes = readFileSync(join(compiled, name))
    bytes.fill(0, bytes.byteLength / 2)
    writeFileSync(join(compiled, name), bytes)
  }
  expect(holdfast.run()).toEqual({ status: 0, stdout: 'two\n', stderr: '' })
  expect(readdirSync(compiled)).toHaveLength(3)
})

test('bin/holdfast keeps what other flags compiled, and asks for what its own did', () => {
  using holdfast = aPackage()
  const compiled = join(holdfast.folder, '.cache/holdfast/compiled')
  const start = (flags: string[]) => {
    const given = [...flags, 'bin/check-node.cjs', 'dist/cli.cjs']
    const { status } = spawnSync(process.execPath, given, {
      cwd: holdfast.root,
      env: { HOME: holdfast.folder },
    })
    expect(status).toBe(0)
    return readdirSync(compiled)
  }
  const [plain] = start([])
  expect(start(['--no-opt'])).toHaveLength(2)
  const writtenMs = statSync(join(compiled, String(plain))).mtimeMs
  expect(start([])).toHaveLength(2)
  expect(statSync(join(compiled, String(plain))).mtimeMs).toBe(writtenMs)
})

test('bin/holdfast starts Node so that nothing of its own library is compiled again', () => {
  using holdfast = aPackage({
    'dist/cli.cjs': `for (const name of ['crypto', 'fs/promises', 'stream', 'zlib']) require('node:' + name)
      const { internalBinding } = require('internal/test/binding')
      const { compiledWithCache, compiledWithoutCache } = internalBinding('builtins').getCacheUsage()
      console.log(compiledWithCache.size > 10, [...compiledWithoutCache])`,
    'node_modules/.bin/node': `#!/bin/sh\nexec '${process.execPath}' --expose-internals --no-warnings "$@"\n`,
  })
  chmodSync(join(holdfast.root, 'node_modules/.bin/node'), 0o755)
  expect(holdfast.run(['backup'])).toEqual({ status: 0, stdout: 'true []\n', stderr: '' })
  expect(holdfast.run(['customer'])).toEqual({ status: 0, stdout: 'true []\n', stderr: '' })
})

test('bin/holdfast asks for large pages for itself alone, unless glibc is told something', () => {
  using holdfast = aPackage({
    'dist/cli.cjs': 'console.log(process.env.GLIBC_TUNABLES)',
    'node_modules/.bin/node': `#!/bin/sh\necho "$GLIBC_TUNABLES"\nexec '${process.execPath}' "$@"\n`,
  })
  chmodSync(join(holdfast.root, 'node_modules/.bin/node'), 0o755)
  expect(holdfast.run().stdout).toBe('glibc.malloc.hugetlb=1\nundefined\n')
  const told = 'glibc.malloc.arena_max=4'
  const env = { GLIBC_TUNABLES: told }
  expect(holdfast.run([], { env }).stdout).toBe(`${told}\n${told}\n`)
})

test('bin/holdfast runs where no folder for compiled code can be made', () => {
  using installed = aPackage()
  const { status, stdout } = installed.run(['points'], { env: { HOME: '/proc/nowhere' } })
  expect({ status, stdout }).toEqual({ status: 0, stdout: '["points"]\n' })
})

test('bin/holdfast builds a stale bundle again and keeps stdout clean', () => {
  using clone = aClone({ sourceAgeSeconds: 10 })
  expect(clone.run()).toMatchObject({ status: 0, stdout: 'built\n' })
})

test('bin/holdfast does not build a bundle that is current', () => {
  using clone = aClone({ sourceAgeSeconds: -10 })
  expect(clone.run(['x'])).toMatchObject({ status: 0, stdout: '["x"]\n' })
})

test('bin/holdfast builds again when a source was removed', () => {
  using clone = aClone({ sourceAgeSeconds: -10 })
  rmSync(join(clone.root, 'src/main/cli.ts'))
  expect(clone.run().stdout).toBe('built\n')
})

test('bin/holdfast asks for npm install where nothing can be built', () => {
  using clone = aClone({ sourceAgeSeconds: 10 })
  rmSync(join(clone.root, 'node_modules'), { recursive: true })
  const { status, stderr } = clone.run()
  expect(status).toBe(2)
  expect(stderr).toContain('run npm install')
})
