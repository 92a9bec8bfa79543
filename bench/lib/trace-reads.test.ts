import { expect, test } from 'vitest'
import { addReads } from './trace-reads.ts'

test('addReads() adds what calls returned for files below the folder, and nothing else', () => {
  const trace = `
101 read(17</data/vault/segments/a>, "..."..., 8192) = 8192
101 pread64(18</data/vault/keyring>, "", 100, 0) = 0
101 read(19</data/vault-other/a>, "..."..., 8192) = 8192
101 read(20</etc/passwd>, "..."..., 4096) = 1234
101 read(21</data/vault/gone>, 0x7f, 10) = -1 EISDIR (Is a directory)
`
  expect(addReads(trace, '/data/vault')).toBe(8192)
})

test('addReads() joins the halves of a call that another thread interrupted', () => {
  const trace = `
101 pread64(17</data/vault/a>,  <unfinished ...>
102 read(4</etc/hosts>,  <unfinished ...>
102 <... read resumed>"...", 4096) = 4096
101 <... pread64 resumed>"...", 500, 0) = 500
`
  expect(addReads(trace, '/data/vault')).toBe(500)
})
