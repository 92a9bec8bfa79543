/** One sheet: light and dark by the reader's wish, from a phone to paper. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --sheet: #ffffff; --ink: #1c1f1e; --muted: #636966; --line: #e2dfd8;
  --accent: #0b5d50; --accent-soft: #e3efeb; --damage: #a6341b; --damage-soft: #faece6;
  --sensitive: #7a5600; --sensitive-soft: #fbf1d5; --quiet: #b9bdb8;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, Georgia, serif;
  --sans: Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #121514; --sheet: #181c1b; --ink: #e7e6e1; --muted: #98a09c; --line: #2c322f;
    --accent: #7ccbb8; --accent-soft: #16312b; --damage: #f1967e; --damage-soft: #371d17;
    --sensitive: #e5c069; --sensitive-soft: #322809; --quiet: #4a514e;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0 auto; padding: 0 clamp(20px, 5vw, 56px); max-width: 1240px;
  background: var(--paper); color: var(--ink);
  font: 16px/1.55 var(--sans); font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
h1, h2 { font-family: var(--serif); font-weight: 500; letter-spacing: -0.012em; text-wrap: balance; }
h1 { font-size: clamp(34px, 5.4vw, 60px); line-height: 1.08; margin: 0 0 28px; max-width: 20em; }
h2 { font-size: clamp(24px, 2.8vw, 32px); line-height: 1.2; margin: 0 0 24px; }
h3 { font-size: 16px; font-weight: 650; margin: 36px 0 12px; }
h3 .muted { font-weight: 400; }
p { margin: 0 0 12px; text-wrap: pretty; }
code, pre, .address, .hash { font-family: var(--mono); font-size: 0.86em; }
.muted { color: var(--muted); } .small { font-size: 14px; }
.good { color: var(--accent); } .damage { color: var(--damage); } .sensitive-text { color: var(--sensitive); }
.null { color: var(--muted); font-style: italic; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 16px; top: 16px; background: var(--sheet); padding: 8px 14px; z-index: 2; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

header { padding: 36px 0 20px; }
.brand { display: flex; align-items: center; gap: 10px; font-weight: 650; margin: 0 0 clamp(48px, 8vw, 104px); }
.brand .muted { font-weight: 400; margin-left: -5px; }
.mark { width: 16px; height: 16px; border-radius: 4px; border: 4px solid var(--accent); }
.when { margin-bottom: 16px; }
.story { max-width: 42em; font-size: clamp(17px, 1.6vw, 19px); line-height: 1.6; }
.story p { margin: 0 0 10px; }
.verdict { display: inline-block; margin: 20px 0 0; padding: 9px 16px; border-radius: 8px; }
.verdict.good { background: var(--accent-soft); } .verdict.damage { background: var(--damage-soft); }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0; margin: 52px 0 0; border-top: 1px solid var(--line); }
.figure { display: flex; flex-direction: column; padding: 20px 20px 20px 0; }
.figure + .figure { padding-left: 24px; border-left: 1px solid var(--line); }
.figure dt { order: 2; margin-top: 6px; font-weight: 550; }
.figure dd { margin: 0; order: 1; font-family: var(--serif); font-size: clamp(30px, 3.6vw, 44px); line-height: 1.1; color: var(--ink); font-variant-numeric: lining-nums; white-space: nowrap; }
.figure.damage dd { color: var(--damage); } .figure.good dd { color: var(--accent); }
.figure.damage dt, .figure.good dt { color: var(--ink); }
.figure .note, .figure.damage .note, .figure.good .note { order: 3; font: 14px/1.45 var(--sans); color: var(--muted); white-space: normal; }

section { display: grid; grid-template-columns: 168px minmax(0, 1fr); gap: 0 32px; padding: 56px 0 52px; border-top: 1px solid var(--line); }
.label { margin: 0; padding-top: 9px; font-size: 14px; font-weight: 550; color: var(--accent); position: sticky; top: 0; align-self: start; }
.lead { max-width: 44em; margin-bottom: 28px; }
figure { margin: 0; }
figcaption { margin-top: 18px; color: var(--muted); font-size: 14px; max-width: 44em; }

.timeline { display: block; width: 100%; height: auto; font-family: var(--sans); }
.timeline.narrow { display: none; }
.timeline text { fill: var(--ink); font-size: 13px; text-anchor: middle; }
.timeline .system { font-size: 15px; font-weight: 650; text-anchor: start; }
.timeline .system.mid { text-anchor: middle; }
.timeline .moment { font-size: 14.5px; font-weight: 650; }
.timeline .moment.left { text-anchor: start; }
.timeline .moment.damage { fill: var(--damage); } .timeline .moment.restored { fill: var(--accent); }
.timeline .caption { fill: var(--muted); font-size: 12.5px; }
.timeline .address { font: 12.5px var(--mono); } .timeline .count { fill: var(--muted); font-size: 12px; }
.rail { stroke: var(--line); stroke-width: 2; }
.dot { fill: var(--accent); stroke: var(--paper); stroke-width: 3; }
.dot.damage { fill: var(--damage); } .dot.idle { fill: var(--quiet); }
.dot.restored { fill: var(--paper); stroke: var(--accent); stroke-width: 3.5; }
.band { fill: var(--damage-soft); } .gap { fill: var(--paper); }
.return { fill: none; stroke: var(--accent); stroke-width: 1.5; }
.return-head { fill: var(--accent); }

.group { margin: 0 0 12px; padding: 14px 20px; background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; }
.group-head { display: flex; align-items: baseline; justify-content: space-between; gap: 16px; flex-wrap: wrap; margin: 0 0 6px; }
.group-head code { font-weight: 650; } .group > :last-child { margin-bottom: 0; }
.field-groups { list-style: none; margin: 0 0 8px; padding: 0; }
.field-groups li { display: grid; grid-template-columns: 230px minmax(0, 1fr) auto; gap: 4px 16px; align-items: baseline; padding: 7px 0; border-top: 1px solid var(--line); }
.field-groups li.is-sensitive { background: var(--sensitive-soft); margin: 0 -20px; padding: 7px 20px; }
.values { font-family: var(--mono); font-size: 0.86em; display: flex; flex-wrap: wrap; gap: 0 10px; min-width: 0; }
.values > * { overflow-wrap: anywhere; }
del { color: var(--muted); text-decoration-thickness: 1px; } del:has(.various) { text-decoration: none; } ins { color: var(--damage); text-decoration: none; font-weight: 600; }
.arrow { color: var(--muted); } .various { font: italic 14px var(--sans); color: var(--muted); }
.share { width: 190px; display: flex; align-items: center; gap: 10px; }
.number { text-align: right; white-space: nowrap; } .share .number { min-width: 3.4em; font-size: 15px; }
.bar { flex: 1; width: 100%; min-width: 20px; height: 6px; border-radius: 3px; background: var(--line); }
.bar-fill { fill: var(--damage); }
.sensitive { font: 550 12px/1 var(--sans); color: var(--sensitive); border: 1px solid currentColor; border-radius: 4px; padding: 1px 5px; white-space: nowrap; }

.finder { margin-top: 44px; }
.controls { display: none; gap: 14px 18px; align-items: end; flex-wrap: wrap; margin-bottom: 14px; }
.ready .controls { display: flex; }
.controls label { font-size: 14px; color: var(--muted); display: grid; gap: 5px; }
.controls .grow { flex: 1 1 260px; }
.controls .tick { display: flex; align-items: center; gap: 8px; padding-bottom: 10px; color: var(--ink); }
.controls input[type=search], .controls select, button { font: 15px var(--sans); color: var(--ink); background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; padding: 9px 12px; width: 100%; min-height: 42px; }
.controls input[type=checkbox] { width: 17px; height: 17px; accent-color: var(--accent); }
button { width: auto; cursor: pointer; } button:hover { border-color: var(--accent); color: var(--accent); }
.more-line { margin-top: 16px; }
table { width: 100%; border-collapse: collapse; font-size: 14.5px; }
th, td { text-align: left; vertical-align: baseline; padding: 9px 16px 9px 0; font-weight: 400; overflow-wrap: anywhere; }
thead th { color: var(--muted); font-size: 13.5px; border-bottom: 1px solid var(--ink); overflow-wrap: normal; }
th.number, td.number { text-align: right; }
.finder table { table-layout: fixed; }
.finder thead th:first-child { width: 33%; } .finder thead th:nth-child(2) { width: 16%; } .finder thead th:nth-child(3) { width: 23%; }
.finder tbody tr:last-child > *, .finder tbody th { border-bottom: 1px solid var(--line); }
.finder tr + tr td { padding-top: 0; }
.finder tbody th { padding-right: 20px; }
.name { display: block; font-weight: 600; } .name:empty { display: none; }
.address { color: var(--muted); } .address b { font-weight: 400; color: var(--ink); }
.before, .after { font-family: var(--mono); font-size: 0.84em; } .after { padding-right: 0; }
.before { color: var(--muted); } .after { color: var(--damage); }
.finder .is-sensitive code { color: var(--sensitive); font-weight: 650; }
.finder .is-sensitive .after { font-weight: 650; }

.scroll { overflow-x: auto; margin: 0 -4px; padding: 0 4px; }
.matrix { min-width: 900px; } .matrix tbody th code { font-size: 12.5px; white-space: nowrap; }
.matrix thead th { width: 20.1%; color: var(--ink); font-weight: 600; } .matrix thead th:first-child { width: 19.5%; color: var(--muted); font-weight: 400; }
.matrix thead .damage { color: var(--damage); } .matrix thead .restored { color: var(--accent); }
.matrix .record th { padding-top: 24px; font-weight: 650; border-bottom: 1px solid var(--line); }
.matrix .record .address { font-weight: 400; margin-left: 6px; }
.matrix td { font-family: var(--mono); font-size: 12.5px; } .matrix td, .matrix thead th + th { padding-left: 9px; padding-right: 8px; } .matrix th .sensitive { display: inline-block; }
.matrix td.same { color: var(--muted); }
.matrix td.became { font-weight: 650; }
.matrix td.became.damage { color: var(--damage); background: var(--damage-soft); }
.matrix td.became.restored { color: var(--accent); }
.matrix td.became .null { color: inherit; }
.matrix tr:not(.record) > * { padding-top: 6px; padding-bottom: 6px; }

.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(330px, 100%), 1fr)); gap: 20px; }
.card { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: 20px 22px; }
.card h3 { margin: 0 0 12px; } .card p { margin: 12px 0 0; }
.counts { margin: 0; }
.counts div { display: flex; justify-content: space-between; gap: 12px; padding: 7px 0; border-top: 1px solid var(--line); }
.counts dd { margin: 0; font-weight: 600; }
.hash code { overflow-wrap: anywhere; }

details { margin: 10px 0 0; } summary { cursor: pointer; color: var(--accent); padding: 6px 0; }
.prints { min-width: 760px; table-layout: fixed; } .prints thead th:first-child { width: 27%; } .prints thead th:nth-child(2) { width: 11%; } .prints td.number { padding-right: 28px; } .prints th.number { padding-right: 28px; } .prints th, .prints td { border-bottom: 1px solid var(--line); overflow-wrap: normal; }
.prints.sums thead th:nth-child(2) { width: 24%; }
.prints thead th { border-bottom-color: var(--ink); }
.sizes { margin: 0 0 14px; }
.sizes div { display: grid; grid-template-columns: 210px minmax(0, 1fr); gap: 4px 16px; align-items: center; padding: 6px 0; }
.sizes dd { margin: 0; display: flex; align-items: center; gap: 14px; } .sizes .number { min-width: 5.2em; }
.sizes .bar { height: 14px; border-radius: 2px; background: none; }
.sizes .bar-fill { fill: var(--accent); } .sizes .bar-fill.source { fill: var(--quiet); } .sizes .bar-fill.damage { fill: var(--damage); }

.glimpse { display: grid; grid-template-columns: minmax(0, auto) minmax(250px, 1fr); gap: 28px 40px; }
.hex { margin: 0; padding: 18px 20px; background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; overflow-x: auto; font-size: 12px; line-height: 1.65; color: var(--muted); }
.glimpse figcaption { overflow-wrap: anywhere; margin-top: 10px; }
.searches { list-style: none; padding: 0; margin: 0 0 14px; }
.searches li { display: flex; align-items: baseline; justify-content: space-between; flex-wrap: wrap; gap: 0 12px; padding: 5px 0; border-top: 1px solid var(--line); }
.commands { list-style: none; padding: 0; margin: 0; display: grid; gap: 22px; counter-reset: step; }
.commands li { counter-increment: step; display: grid; grid-template-columns: 32px minmax(0, 1fr); }
.commands li > * { grid-column: 2; margin: 0; }
.commands li::before { content: counter(step); color: var(--muted); grid-row: 1; grid-column: 1; }
.commands pre { margin: 6px 0; padding: 11px 16px; background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 14px; }
footer { border-top: 1px solid var(--line); padding: 32px 0 64px; color: var(--muted); font-size: 14px; display: flex; justify-content: space-between; gap: 8px 40px; flex-wrap: wrap; }
footer p:first-child { max-width: 44em; }

@media (max-width: 1000px) {
  section { grid-template-columns: minmax(0, 1fr); padding: 44px 0 40px; }
  .label { position: static; padding: 0 0 6px; }
  .glimpse { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 680px) {
  .figures { grid-template-columns: 1fr 1fr; }
  .figure { border-bottom: 1px solid var(--line); }
  .figure:nth-child(odd) { border-left: 0; padding-left: 0; }
  .timeline.wide { display: none; } .timeline.narrow { display: block; max-width: 420px; }
  .field-groups li { grid-template-columns: minmax(0, 1fr); }
  .field-groups .field:empty { display: none; } .share { width: auto; }
  .sizes div { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .hex { font-size: 10.5px; padding: 14px; }
  .finder table, .finder tbody, .finder tr, .finder th, .finder td { display: block; width: auto; padding-right: 0; }
  .finder thead { display: none; }
  .finder tbody { padding: 12px 0; border-bottom: 1px solid var(--line); }
  .finder tbody th, .finder tbody tr:last-child > * { border-bottom: 0; padding: 0 0 6px; }
  .finder td, .finder tr + tr td { display: grid; grid-template-columns: 68px minmax(0, 1fr); padding: 1px 0; }
  .finder td::before { content: attr(data-label); color: var(--muted); font: 14px var(--sans); }
  .finder tr + tr { margin-top: 8px; }
}
@media print {
  :root { --paper: #fff; --sheet: #fff; --ink: #000; --muted: #555; --line: #ccc; --accent: #0b5d50; --accent-soft: #eef5f2; --damage: #a6341b; --damage-soft: #fdf3ef; --sensitive: #7a5600; --sensitive-soft: #fdf8e8; --quiet: #bbb; }
  body { font-size: 10.5pt; max-width: none; padding: 0; }
  header { padding-top: 0; } .brand { margin-bottom: 36px; }
  section { display: block; padding: 24px 0; } .label { position: static; padding: 0 0 4px; break-after: avoid; }
  .controls, .more-line, .skip { display: none !important; }
  h2, h3, thead, .group-head { break-after: avoid; }
  .group, .card, figure, .commands li, tr { break-inside: avoid; }
  .scroll { overflow: visible; } .matrix, .prints { min-width: 0; }
  .hex { font-size: 7.5pt; white-space: pre; }
}
`
