import { createMemoryStore } from './memory-store.ts'
import { testObjectStore } from './object-store-contract.ts'

testObjectStore('memory', async () => createMemoryStore())
