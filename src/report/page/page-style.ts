/** One sheet: light and dark by the reader's wish, and paper. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --ink: #1c1f1e; --muted: #636966; --line: #e2dfd8; --good: #0b5d50; --bad: #a6341b;
  --age-0: #9cc5bb; --age-1: #f0d9a0; --age-2: #e5b46c; --age-3: #d98a4e; --age-4: #bf5530; --age-5: #8e2f17; --age-none: #b9bdb8;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #121514; --ink: #e7e6e1; --muted: #98a09c; --line: #2c322f; --good: #7ccbb8; --bad: #f1967e; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 32px clamp(16px, 4vw, 48px); max-width: 1280px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 Inter, system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; font-variant-numeric: tabular-nums;
}
h1, h2 { font-family: "Iowan Old Style", Palatino, Georgia, serif; font-weight: 500; }
h1 { font-size: 36px; margin: 0 0 12px; } h2 { font-size: 22px; margin: 40px 0 12px; } h3 { font-size: 15px; margin: 24px 0 8px; }
.muted { color: var(--muted); font-weight: 400; } .clean { color: var(--good); } .differs { color: var(--bad); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; font-weight: 400; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--muted); font-size: 13px; } .number { text-align: right; white-space: nowrap; }
svg { display: block; width: 100%; height: auto; margin: 6px 0 14px; }
svg text { fill: var(--ink); font-size: 13px; } svg .end { text-anchor: end; } svg .axis { stroke: var(--line); }
.age-0 { fill: var(--age-0); } .age-1 { fill: var(--age-1); } .age-2 { fill: var(--age-2); } .age-3 { fill: var(--age-3); }
.age-4 { fill: var(--age-4); } .age-5 { fill: var(--age-5); } .age-none { fill: var(--age-none); }
@media print { body { max-width: none; padding: 0; } .wide { overflow: visible; } section { break-inside: avoid-page; } }
`
