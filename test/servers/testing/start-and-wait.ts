// Starts the server of the major named, prints where it runs, and waits to be killed.
import { dirname } from 'node:path'
import { startPostgres } from '../start-postgres.ts'

const server = await startPostgres({ major: Number(process.argv[2]) })
console.log(JSON.stringify({ pid: server.pid, folder: dirname(server.dataDir) }))
setInterval(() => {}, 60_000)
