import { exportEntity } from '#app/export-entity'
import { isAppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'

/** What is read of a vault: an entity as a point holds it. */
export type Reading = { readonly point: string; readonly entity: string }

const { signal } = new AbortController()

/** The text of an export, or the code of the refusal; anything else is a defect. */
export async function readOrCode(vault: Vault, what: Reading): Promise<string> {
  try {
    let text = ''
    for await (const piece of exportEntity(vault, { ...what, format: 'jsonl' }, signal))
      text += piece
    return text
  } catch (error) {
    if (isAppError(error)) return error.code
    throw error
  }
}

/** Whether that was a refusal: no entity reads like a code. */
export function isCode(text: string): boolean {
  return /^[a-z]+\.[a-z-]+$/.test(text)
}
