const AS_IT_IS: Readonly<Record<string, string>> = {
  heads: 'heads',
  identity: 'a decision on who is one',
  recipients: 'recipients',
  resealed: 'what was sealed anew',
  'restore-begun': 'that a restore begins',
}

/** What an entry of this kind is called in a sentence: "a capture", "an expire", "heads". */
export function describeKind(kind: string): string {
  return AS_IT_IS[kind] ?? `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`
}
