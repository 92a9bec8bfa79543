import type * as z from 'zod'

/** What a schema wanted where it found something else, as the end of a sentence. */
export function sayWanted(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `wanted ${issue.expected === 'array' ? 'a list' : issue.expected}`
    case 'invalid_format':
    case 'invalid_union':
      return `wanted ${issue.message}`
    case 'too_small':
      return issue.origin === 'number' ? `wanted at least ${issue.minimum}` : 'it is empty'
    case 'too_big':
      return `wanted at most ${issue.maximum}`
    default:
      return issue.message
  }
}
