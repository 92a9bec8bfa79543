import { crc32 } from 'node:zlib'
import { EVENT } from '../feed/binlog-event.ts'

/** Writes events of a log as a server does, for what no server does at will: to break off. */
export class EventWriter {
  #end = 4

  event(kind: number, body: Buffer): Buffer {
    const size = 19 + body.length + 4
    this.#end += size
    const header = Buffer.alloc(19)
    header.writeUInt32LE(1_795_336_639, 0)
    header[4] = kind
    header.writeUInt32LE(1, 5)
    header.writeUInt32LE(size, 9)
    header.writeUInt32LE(this.#end, 13)
    const event = Buffer.concat([header, body])
    const sum = Buffer.alloc(4)
    sum.writeUInt32LE(crc32(event))
    return Buffer.concat([event, sum])
  }

  rotate(file: string): Buffer {
    return this.event(EVENT.rotate, Buffer.concat([Buffer.alloc(8), Buffer.from(file)]))
  }

  /** Of a file whose events have sums; also what a server writes first when it begins anew. */
  description(): Buffer {
    return this.event(EVENT.description, Buffer.from([1]))
  }

  gtid(sequence: number, flags = 0): Buffer {
    const body = Buffer.alloc(19)
    body.writeBigUInt64LE(BigInt(sequence))
    body[12] = flags
    return this.event(EVENT.gtid, body)
  }

  /** A table of one field, `id INT PRIMARY KEY`, and a second, `v LONGTEXT`. */
  tableMap(table: string, database = 'shop'): Buffer {
    const text = (name: string) => Buffer.from([name.length, ...Buffer.from(name), 0])
    const said = [1, 1, 0, 2, 1, 45, 4, 5, 2, ...Buffer.from('id'), 1, ...Buffer.from('v'), 8, 1, 0]
    const rest = [2, 3, 252, 1, 4, 2, ...said]
    const id = Buffer.from([9, 0, 0, 0, 0, 0, 1, 0])
    return this.event(
      EVENT.tableMap,
      Buffer.concat([id, text(database), text(table), Buffer.from(rest)]),
    )
  }

  rows(values: readonly (readonly [number, string])[]): Buffer {
    const rows = values.map(([id, text]) => {
      const row = Buffer.alloc(9 + Buffer.byteLength(text))
      row.writeUInt32LE(id, 1)
      row.writeUInt32LE(Buffer.byteLength(text), 5)
      row.write(text, 9)
      return row
    })
    const head = Buffer.from([9, 0, 0, 0, 0, 0, 1, 0, 2, 3])
    return this.event(EVENT.writeRows, Buffer.concat([head, ...rows]))
  }

  query(sql: string, database = 'shop'): Buffer {
    const head = Buffer.alloc(13)
    head[8] = database.length
    return this.event(EVENT.query, Buffer.concat([head, Buffer.from(`${database}\0${sql}`)]))
  }

  xid(): Buffer {
    return this.event(EVENT.xid, Buffer.alloc(8))
  }
}
