import { describe, expect, test } from 'vitest'
import { parseAddress } from './address.ts'

describe('parseAddress()', () => {
  test('takes a URL apart', () => {
    const address = parseAddress(
      'mariadb://an%40na:p%3Ass%2F@db.example:3307/cust%20omers?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca.pem',
    )
    expect(address).toMatchObject({
      host: 'db.example',
      port: 3307,
      user: 'an@na',
      database: 'cust omers',
      sslMode: 'verify-identity',
      sslCa: '/ca.pem',
      sslCert: null,
      socket: null,
    })
    expect(address.password?.reveal()).toBe('p:ss/')
    expect(JSON.stringify(address)).not.toContain('ss/')
  })

  test.each([
    ['mysql://u@h/d', { host: 'h', port: 3306, user: 'u', database: 'd', password: null }],
    ['mariadb://u@/d?socket=/run/s.sock', { host: 'localhost', socket: '/run/s.sock' }],
    ['mariadb://u@[::1]:7/d', { host: '::1', port: 7 }],
    ['mariadb://u@h/d?connect-timeout=3', { connectTimeoutMs: 3000, sslMode: 'preferred' }],
  ])('reads %s', (url, expected) => {
    expect(parseAddress(url)).toMatchObject(expected)
  })

  test.each([
    ['postgres://u@h/d', 'not of this form'],
    ['mariadb://h/d', 'no user'],
    ['mariadb://u:secret@h', 'no database'],
    ['mariadb://u:secret@h:99999/d', 'no port'],
    ['mariadb://u:secret@h/d?ssl-mode=maybe', 'ssl-mode is none of'],
    ['mariadb://u:secret@h/d?sslmode=disabled', '"sslmode" is not known'],
    ['mariadb://u:secret@h/d?connect-timeout=soon', 'no number of seconds'],
    ['mariadb://u:%zzsecret@h/d', 'not percent-encoded'],
  ])('refuses %s', (url, found) => {
    const parse = () => parseAddress(url)
    expect(parse).toThrow(expect.objectContaining({ code: 'connector.address-invalid' }))
    expect(parse).toThrow(found)
    expect(parse).not.toThrow('secret')
  })
})
