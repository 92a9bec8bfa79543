import { isAppError } from '#stdx/app-error'

/**
 * Reads, and once more when an object is gone: between reading the timeline and the segment a
 * compaction may have replaced it and a collection taken it. What is really missing is missed twice.
 *
 * @param read begins with the timeline, and changes nothing
 */
export async function readAgain<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!isAppError(error, 'segment.object-missing')) throw error
    return await read()
  }
}
