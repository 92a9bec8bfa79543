import { describe, expect, test } from 'vitest'
import { parseAddress } from './address.ts'

describe('parseAddress()', () => {
  test('takes a URL apart', () => {
    const address = parseAddress(
      'postgresql://an%40na:p%3Ass%2F@db.example:6543/cust%20omers?sslmode=verify-full&sslrootcert=/ca.pem',
    )
    expect(address).toMatchObject({
      host: 'db.example',
      port: 6543,
      user: 'an@na',
      database: 'cust omers',
      sslMode: 'verify-full',
      sslRootCert: '/ca.pem',
      sslCert: null,
    })
    expect(address.password?.reveal()).toBe('p:ss/')
    expect(JSON.stringify(address)).not.toContain('ss/')
  })

  test.each([
    ['postgres://u@h', { host: 'h', port: 5432, user: 'u', database: 'u', password: null }],
    ['postgres://u@/d?host=/tmp/sockets', { host: '/tmp/sockets', database: 'd' }],
    ['postgres://u@[::1]:7/d', { host: '::1', port: 7 }],
    ['postgres://h/d?user=u&port=8', { host: 'h', port: 8, user: 'u' }],
    ['postgres:///d?user=u', { host: 'localhost' }],
    ['postgres://u@h/d?connect_timeout=3', { connectTimeoutMs: 3000, sslMode: 'prefer' }],
  ])('reads %s as libpq does', (url, expected) => {
    expect(parseAddress(url)).toMatchObject(expected)
  })

  test.each([
    ['mysql://u@h/d', 'not of this form'],
    ['postgres://h/d', 'no user'],
    ['postgres://u:secret@h:99999/d', 'no port'],
    ['postgres://u:secret@h/d?sslmode=maybe', 'sslmode is none of'],
    ['postgres://u:secret@h/d?sslmod=disable', '"sslmod" is not known'],
    ['postgres://u:secret@h1,h2/d', 'not of this form'],
    ['postgres://u:%zzsecret@h/d', 'broken percent-encoding'],
  ])('refuses %s', (url, found) => {
    const parse = () => parseAddress(url)
    expect(parse).toThrow(expect.objectContaining({ code: 'connector.address-invalid' }))
    expect(parse).toThrow(found)
    expect(parse).not.toThrow('secret')
  })
})
