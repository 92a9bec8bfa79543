import net from 'node:net'

/** More than a server sends while one batch is handed on. */
const READ_BYTES = 262_144

/**
 * A socket that reads into one buffer of its own. It emits `borrow` with bytes that are good during
 * the call; without a listener for that, `data` with a copy.
 *
 * Otherwise Node makes a buffer of 64 KiB per read, of which a server that copies a table fills
 * little more than 8 KiB: a capture of 2 million rows peaks at 279 MB instead of 209.
 */
export function openPlainSocket(): net.Socket {
  const socket: net.Socket = new net.Socket({
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback(size, { buffer, byteOffset }) {
        const bytes = Buffer.from(buffer, byteOffset, size)
        if (!socket.emit('borrow', bytes)) socket.emit('data', Buffer.from(bytes))
        return true
      },
    },
  })
  return socket
}
