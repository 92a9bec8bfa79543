import { type Html, html } from '#stdx/html'
import type { DemoReportModel } from '../demo-report-model.ts'
import { formatDuration } from './format-figures.ts'
import { formatSection } from './section.ts'

export function formatCommands({ commands, durationMs }: DemoReportModel): Html {
  return formatSection(
    {
      id: 'commands',
      label: 'Commands',
      title: `All of it again, by hand: ${commands.length} commands, ${formatDuration(durationMs)}`,
    },
    html`<ol class="commands">${commands.map(
      ({ command, says, exit, durationMs: ms }) => html`<li>
<p>${says}</p>
<pre><code>${command}</code></pre>
<p class="muted small">exit ${exit}, ${formatDuration(ms)}</p>
</li>`,
    )}</ol>`,
  )
}
