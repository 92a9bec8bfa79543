import { createHash } from 'node:crypto'
import { type Html, html, trustedHtml } from './html.ts'

/** What a page is made of; style and script are our own, never text of a model. */
export type HtmlPage = {
  readonly title: string
  readonly style: string
  readonly script?: string
  readonly body: Html
}

/**
 * One HTML document that needs nothing else and may reach nothing else: its own policy allows this
 * style and this script, by hash, and no request. The same page gives the same bytes.
 */
export function formatHtmlPage({ body, script, style, title }: HtmlPage): string {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${hashOf(style)}'`,
    ...(script === undefined ? [] : [`script-src 'sha256-${hashOf(script)}'`]),
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
<title>${title} – Holdfast</title>
<style>${trustedHtml(style)}</style>
</head>
<body>
${body}
${
  script === undefined
    ? null
    : html`<script>${trustedHtml(script)}</script>
`
}</body>
</html>
`
  return page.markup
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
