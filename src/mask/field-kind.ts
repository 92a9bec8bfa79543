import type { Field } from '#record/schema'

/**
 * What a field may hold, by its type in the words of any system. `text` takes any text, `json` and
 * `bytes` only what is written as such. `other` is text of a shape that nobody here knows: types of
 * somebody's own, arrays, XML. `plain` are numbers, days and the like, in which no text can lie.
 */
export type FieldKind = 'text' | 'json' | 'bytes' | 'day' | 'plain' | 'other'

const KINDS: readonly (readonly [RegExp, FieldKind])[] = [
  [/\[\]$/, 'other'],
  [/^jsonb?\b/i, 'json'],
  [/^(bytea|.*blob|(var)?binary)\b/i, 'bytes'],
  [/^(var|n|nvar)?char(acter)?\b|^(tiny|medium|long)?text\b|^clob\b|^citext\b|^bpchar\b/i, 'text'],
  [/^(date|datetime|timestamp)\b/i, 'day'],
  [
    /^((tiny|small|medium|big)?int(eger)?|int[248]|(big|small)?serial|numeric|decimal|number|real|double|float[48]?|money|bool(ean)?|time(tz)?|interval|uuid|year|bit)\b/i,
    'plain',
  ],
]

export function kindOf({ type }: Pick<Field, 'type'>): FieldKind {
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? 'other'
}

/** Characters that a field takes, where its type says so: `varchar(40)`. */
export function lengthMaxOf({ type }: Pick<Field, 'type'>): number | undefined {
  const [, length] = /char(?:acter)?(?: varying)?\s*\(\s*([0-9]+)/i.exec(type) ?? []
  return length === undefined ? undefined : Number(length)
}
