import { type Html, html, showControls } from '#stdx/html'

/** A part of the page: its name in the margin, what it says in one sentence, and the rest. */
export function formatSection(
  { id, label, title }: { id: string; label: string; title: string },
  body: Html,
): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<p class="label">${label}</p>
<div class="body">
<h2 id="${id}-title">${title}</h2>
${body}
</div>
</section>`
}

/** A value of a field; null is shown as such, so that it never looks like empty text. */
export function formatValue(value: string | null): Html {
  if (value === null) return html`<span class="null">null</span>`
  if (value === '') return html`<span class="null">empty</span>`
  return html`${cut(value)}`
}

/** Longer values are documents, not something to read in a table. */
export const VALUE_CHARACTERS_MAX = 160

/** Shortens a value for a table and makes what cannot be seen visible. */
export function cut(value: string): string {
  if (value.length <= VALUE_CHARACTERS_MAX) return showControls(value)
  const left = value.length - VALUE_CHARACTERS_MAX
  return `${showControls(value.slice(0, VALUE_CHARACTERS_MAX))} … (${left} more characters)`
}
