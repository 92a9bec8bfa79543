// Runs a bundle whose chunks are CommonJS. Compiled code is kept between runs together with the
// functions that were called, which Node's own cache leaves out: that saves a sixth of a start.
const { hash } = require('node:crypto')
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { dirname, join, resolve } = require('node:path')
const { Script } = require('node:vm')

const DIGEST_BYTES = 32

/** Runs `file`, absolute. Without `cacheFolder` nothing is kept. */
exports.runBundle = function runBundle(file, cacheFolder) {
  const requireInstalled = createRequire(file)
  const modules = new Map()
  const places = new Map()
  const fresh = []
  // V8 refuses what was compiled by another version or with other flags.
  const compiler = `${process.version} ${process.arch} ${process.execArgv.join(' ')}`

  function load(path) {
    const known = modules.get(path)
    if (known !== undefined) return known.exports
    const module = { exports: {} }
    modules.set(path, module)
    const folder = dirname(path)
    const require = (id) => (id.startsWith('.') ? load(placeOf(folder, id)) : requireInstalled(id))
    compile(path).call(module.exports, module.exports, require, module, path, folder)
    return module.exports
  }

  /** Chunks name each other hundreds of times. */
  function placeOf(folder, id) {
    const key = `${folder} ${id}`
    const known = places.get(key) ?? resolve(folder, id)
    places.set(key, known)
    return known
  }

  function compile(path) {
    const source = readFileSync(path)
    const parameters = 'exports, require, module, __filename, __dirname'
    const kept = cacheFolder === undefined ? undefined : join(cacheFolder, nameOf(path, source))
    const cachedData = kept === undefined ? undefined : readKept(kept)
    const wrapped = `(function (${parameters}) {${source.toString('utf8')}\n})`
    const script = new Script(wrapped, { filename: path, cachedData })
    const isFresh = cachedData === undefined || script.cachedDataRejected
    if (kept !== undefined && isFresh) fresh.push({ kept, script })
    return script.runInThisContext()
  }

  /** Of everything that compiled code depends on. */
  function nameOf(path, source) {
    return `${hash('sha256', `${compiler} ${path} ${hash('sha256', source)}`)}.code`
  }

  // Only now is it known which functions were called.
  process.once('exit', () => {
    for (const { kept, script } of fresh) keep(kept, script.createCachedData())
  })
  load(file)
}

/** V8 believes what it is given, so it is given only what was written whole. */
function readKept(path) {
  try {
    const bytes = readFileSync(path)
    const data = bytes.subarray(DIGEST_BYTES)
    return digestOf(data).equals(bytes.subarray(0, DIGEST_BYTES)) ? data : undefined
  } catch {
    return undefined
  }
}

function keep(path, data) {
  const temporary = `${path}.${process.pid}`
  try {
    makeFolder(dirname(path))
    writeFileSync(temporary, Buffer.concat([digestOf(data), data]))
    renameSync(temporary, path)
  } catch {
    // A home that is full or read-only costs time, nothing else.
  }
}

/** Node's own recursive mkdir tries for ever below /proc. */
function makeFolder(path) {
  if (existsSync(path)) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another run may have made it meanwhile.
    if (error.code !== 'EEXIST') throw error
  }
}

function digestOf(data) {
  return hash('sha256', data, 'buffer')
}
