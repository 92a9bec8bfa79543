import { createHash } from 'node:crypto'
import { Secret } from '#stdx/secret'

export const RECOVERY_KIT = 'recovery-kit.html'
const RECOVERY_SLOT = 'recovery.slot'

export type KitSubject = {
  readonly id: string
  /** Of the root, Ed25519. */
  readonly rootPublicKey: Uint8Array
  readonly place: string
}

/** How the root key is read over the phone: first 16 bytes of its SHA-256, in groups of four digits. */
export function formatFingerprint(rootPublicKey: Uint8Array): string {
  const digest = createHash('sha256').update(rootPublicKey).digest('hex').slice(0, 32)
  return (digest.match(/.{4}/g) ?? []).join(' ')
}

/**
 * A page to print: which vault, how to open it when everything else is gone, and the recovery slot
 * as text. Holds no passphrase; with the passphrase it opens everything.
 */
export function formatRecoveryKit(
  { id, place, rootPublicKey }: KitSubject,
  files: ReadonlyMap<string, Secret>,
): Secret {
  const slot = files.get(RECOVERY_SLOT)?.reveal() ?? ''
  return new Secret(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Holdfast recovery kit ${id}</title>
<style>
  body { font: 11pt/1.5 sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em }
  pre, code { font-family: monospace }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid; padding: 0.8em }
  .blank { border-bottom: 1px solid; display: inline-block; width: 24em }
</style>
<h1>Holdfast recovery kit</h1>
<p>Who has this page <strong>and</strong> the passphrase can read, change and hand out everything in
this vault. Keep the two apart, and this page away from the vault.</p>
<table>
  <tr><td>Vault</td><td><code>${id}</code></td></tr>
  <tr><td>Root key</td><td><code>${formatFingerprint(rootPublicKey)}</code></td></tr>
  <tr><td>Vault is at</td><td><code>${escapeHtml(place)}</code></td></tr>
  <tr><td>Its copy is at</td><td><span class="blank">&nbsp;</span></td></tr>
  <tr><td>Passphrase is kept by</td><td><span class="blank">&nbsp;</span></td></tr>
</table>
<h2>To recover</h2>
<ol>
  <li>Install Holdfast on an empty machine, and bring the vault, or its copy, there.</li>
  <li>Copy the block below, without line breaks, into a file <code>recovery.slot</code>:
    <code>chmod 600 recovery.slot</code>.</li>
  <li><code>export HOLDFAST_SLOT="$PWD/recovery.slot"</code></li>
  <li><code>holdfast recover --vault PLACE</code> asks for the passphrase and writes
    <code>holdfast.yaml</code>; add <code>--keyring PLACE</code> where the keyring is kept apart.</li>
  <li><code>holdfast key list</code>: vault and root key are those of this page.</li>
  <li><code>holdfast check --read-data</code>, then <code>holdfast points</code>, then
    <code>holdfast restore POINT --to TARGET</code>.</li>
  <li>When a credential file was lost or stolen: <code>holdfast key rotate ROLE --out FOLDER</code>
    makes a new one and takes the old one out of use.</li>
</ol>
<h2>Recovery slot</h2>
<pre>${escapeHtml(slot)}</pre>
</html>
`)
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
