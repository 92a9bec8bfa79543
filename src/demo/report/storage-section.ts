import { type Html, html } from '#stdx/html'
import type { DemoReportModel, StorageGlimpse } from '../demo-report-model.ts'
import { formatBytes, formatCount, formatPlural } from './format-figures.ts'
import { formatSection } from './section.ts'

const BYTES_A_LINE = 16
const BYTES_MAX = 256

export function formatStorage({ storage }: DemoReportModel): Html {
  return formatSection(
    { id: 'storage', label: 'Without the key', title: 'What somebody sees who takes the storage' },
    html`<div class="glimpse">
<figure>
<pre class="hex" aria-label="Bytes of a sealed object">${formatHex(storage)}</pre>
<figcaption><code>${storage.object}</code>, ${formatBytes(storage.sizeBytes)}</figcaption>
</figure>
<div class="claims">
<p><b>${storage.bitsPerByte.toFixed(4)} bits a byte.</b> Noise has 8. Rows are compressed, then sealed
with AES-256-GCM before they leave the machine; no key lies beside them that a passphrase does not close.</p>
<p><b>Nothing to search for.</b> These stand in the systems, and were looked for in every byte of
${formatPlural(storage.objectsSearched, 'object')}:</p>
<ul class="searches">${storage.searches.map(({ text, found }) => html`<li><code>${text}</code> <span class="${found === 0 ? 'good' : 'damage'}">${found === 0 ? 'not found' : `found ${formatCount(found)} times`}</span></li>`)}</ul>
<p class="muted small">Visible to storage: sizes, counts and times. A changed, swapped or missing object
is noticed, because every entry of the timeline is signed and names its objects by hash.</p>
</div>
</div>`,
  )
}

/** Offset, sixteen bytes, and their letters, as every hex dump shows them. */
export function formatHex({ hex, offset }: Pick<StorageGlimpse, 'hex' | 'offset'>): string {
  const bytes = Array.from(Buffer.from(hex, 'hex').subarray(0, BYTES_MAX))
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    const line = bytes.slice(at, at + BYTES_A_LINE)
    const digits = line.map((byte) => byte.toString(16).padStart(2, '0'))
    const halves = [digits.slice(0, 8).join(' '), digits.slice(8).join(' ')].join('  ')
    const letters = line.map((byte) =>
      byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '·',
    )
    const address = (offset + at).toString(16).padStart(8, '0')
    lines.push(`${address}  ${halves.padEnd(49)} ${letters.join('')}`)
  }
  return lines.join('\n')
}
