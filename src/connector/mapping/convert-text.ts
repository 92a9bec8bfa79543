import { type Codec, Misfit } from './neutral.ts'

/** The neutral text, or `undefined` for what is none of its values. */
export function convertText(codec: Codec, own: string): string | undefined {
  try {
    return codec === null ? own : codec.toNeutral(own)
  } catch (error) {
    if (error instanceof Misfit) return undefined
    throw error
  }
}

/** The other way round. */
export function convertBack(codec: Codec, neutral: string): string | undefined {
  try {
    return codec === null ? neutral : codec.fromNeutral(neutral)
  } catch (error) {
    if (error instanceof Misfit) return undefined
    throw error
  }
}
