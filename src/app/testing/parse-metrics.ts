/** One sample by name and labels. */
export type Sample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const HELP = /^# HELP ([a-z_:][a-z0-9_:]*) (\S.*)$/
const TYPE = /^# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge)$/
const SAMPLE = /^([a-z_:][a-z0-9_:]*)\{([^{}]*)\} (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/
const LABEL = /^([a-z_][a-z0-9_]*)="([^"\\\n]*)"$/
/** Base units, as the conventions want them; bytes and seconds are the only ones here. */
const FOREIGN_UNIT = /_(ms|milliseconds|minutes|kb|mb|kilobytes|megabytes|percent)(_|$)/

/**
 * Reads a page of Prometheus (text format 0.0.4) more strictly than a server would: each metric once,
 * HELP and TYPE before its samples and these together, counters named `_total`, base units, no sample
 * twice.
 * @throws saying the line
 */
export function parseMetrics(text: string): Sample[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('The last line is not ended.')
  const samples: Sample[] = []
  const seen = new Set<string>()
  let helped = ''
  let typed = { name: '', kind: '' }
  for (const line of text.split('\n').slice(0, -1)) {
    const [, help] = HELP.exec(line) ?? []
    const [, name, kind] = TYPE.exec(line) ?? []
    if (help !== undefined) {
      refuse(seen.has(help), line, 'comes twice')
      seen.add(help)
      helped = help
    } else if (name !== undefined && kind !== undefined) {
      refuse(name !== helped, line, 'has no HELP right before')
      refuse((kind === 'counter') !== name.endsWith('_total'), line, 'is named as the other kind')
      refuse(FOREIGN_UNIT.test(name), line, 'is not in a base unit')
      typed = { name, kind }
    } else {
      const sample = parseSample(line)
      refuse(sample.name !== typed.name, line, 'has no TYPE before it')
      refuse(typed.kind === 'counter' && sample.value < 0, line, 'counts below nothing')
      const identity = `${sample.name} ${JSON.stringify(sample.labels)}`
      refuse(seen.has(identity), line, 'comes twice')
      seen.add(identity)
      samples.push(sample)
    }
  }
  return samples
}

function parseSample(line: string): Sample {
  const [, name, list, value] = SAMPLE.exec(line) ?? []
  if (name === undefined || list === undefined) throw new Error(`Not a line of it: ${line}`)
  const labels = list.split(',').map((label) => {
    const [, key, text] = LABEL.exec(label) ?? []
    if (key === undefined || text === undefined) throw new Error(`Not a label: ${line}`)
    return [key, text] as const
  })
  return { name, labels: Object.fromEntries(labels), value: Number(value) }
}

function refuse(isWrong: boolean, line: string, why: string): void {
  if (isWrong) throw new Error(`It ${why}: ${line}`)
}
