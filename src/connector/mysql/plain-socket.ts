import net from 'node:net'

/** More than a server sends while one batch is handed on. */
const READ_BYTES = 262_144

/**
 * A connected socket that reads into one buffer of its own. It emits `borrow` with bytes that are
 * good during the call; without a listener for that, `data` with a copy. Otherwise Node makes a
 * buffer of 64 KiB per read.
 */
export function openPlainSocket({ host, port }: { host: string; port: number }): net.Socket {
  const socket: net.Socket = net.connect({
    host,
    port,
    keepAlive: true,
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback(size, buffer) {
        const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, size)
        if (!socket.emit('borrow', bytes)) socket.emit('data', Buffer.from(bytes))
        return true
      },
    },
  })
  return socket
}
