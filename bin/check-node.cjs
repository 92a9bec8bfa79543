// Runs on every Node there is: says what to do when this one is too old, else loads the file named.
// Usage: node check-node.cjs FILE [ARGUMENT...]

var wanted = [24, 7]
var found = process.versions.node.split('.').map(Number)

if (found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1])) {
  process.stderr.write(
    'holdfast: this is Node.js ' +
      process.versions.node +
      ', and Holdfast needs ' +
      wanted.join('.') +
      ' or newer. Install it (https://nodejs.org), or run npm install in a clone, which brings its own.\n',
  )
  process.exit(2)
}

var path = require('node:path')
var file = path.resolve(process.argv[2])

// Compiled code is kept between runs, which saves a third of the start. Only under the person's own
// cache folder: whoever can write there can run code here, so never under a shared temporary one.
var cacheHome =
  process.env.XDG_CACHE_HOME || (process.env.HOME && path.join(process.env.HOME, '.cache'))
var compiled = cacheHome ? path.join(cacheHome, 'holdfast', 'compiled') : undefined

// What the launcher tells glibc is for this process, not for what it starts.
if (process.env.GLIBC_TUNABLES === 'glibc.malloc.hugetlb=1') delete process.env.GLIBC_TUNABLES

process.argv.splice(1, 2, file)
// The bundle is CommonJS; what builds it is not.
if (/\.cjs$/.test(file)) require('./run-bundle.cjs').runBundle(file, compiled)
else void import(require('node:url').pathToFileURL(file).href)
