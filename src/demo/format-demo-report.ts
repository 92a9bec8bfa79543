import { createHash } from 'node:crypto'
import type { DemoReportModel } from './demo-report-model.ts'
import { formatChanges } from './report/changes-section.ts'
import { formatCommands } from './report/commands-section.ts'
import { formatCustomer } from './report/customer-section.ts'
import { html, trustedHtml } from './report/html.ts'
import { formatOpening } from './report/opening.ts'
import { PAGE_SCRIPT } from './report/page-script.ts'
import { PAGE_STYLE } from './report/page-style.ts'
import { formatProof } from './report/proof-section.ts'
import { formatRestore } from './report/restore-section.ts'
import { formatStorage } from './report/storage-section.ts'
import { formatTimeline } from './report/timeline-section.ts'

/**
 * Formats the report of a demo as one HTML document that needs nothing else and may reach nothing
 * else: its own policy allows this style and this script, by hash, and no request.
 *
 * Under 1 MB for any model: long lists of changes are cut, and the page says so.
 */
export function formatDemoReport(model: DemoReportModel): string {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${hashOf(PAGE_STYLE)}'`,
    `script-src 'sha256-${hashOf(PAGE_SCRIPT)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trustedHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${model.headline} – Holdfast</title>
<style>${trustedHtml(PAGE_STYLE)}</style>
</head>
<body>
<a class="skip" href="#what-changed">Skip to what changed</a>
${formatOpening(model)}
<main>
${formatTimeline(model)}
${formatChanges(model)}
${formatCustomer(model)}
${formatRestore(model)}
${formatProof(model)}
${formatStorage(model)}
${formatCommands(model)}
</main>
<footer>
<p>Everything on this page is example data: the group, its customers and their bank accounts are
invented. The figures are not: they were measured during this run, on this machine.</p>
<p>Holdfast ${model.version}</p>
</footer>
<script>${trustedHtml(PAGE_SCRIPT)}</script>
</body>
</html>
`
  return page.markup
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
