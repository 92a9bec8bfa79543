import { PAGE_STYLE } from './page-style.ts'

/** What a page to sign has beside the others: long hashes, and lines to write on. */
export const RECONCILIATION_STYLE = `${PAGE_STYLE}
.same { color: var(--good); } .unproven { color: var(--bad); }
code { font: 12px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.facts th { width: 17em; color: var(--muted); }
.signatures { table-layout: fixed; } .signatures th:last-child { width: 32%; }
.signatures th { border-right: 24px solid var(--paper); }
.signatures td { height: 56px; border-bottom: 1px solid var(--ink); border-right: 24px solid var(--paper); }
td { overflow-wrap: anywhere; }
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --muted: #444; --line: #bbb; --good: #000; --bad: #000; }
  .differs, .unproven { font-weight: 700; } tr { break-inside: avoid; } thead { display: table-header-group; }
}
`
