/**
 * The three kinds of objects a segment has, each with data keys of its own. `rows` and `blobs` open
 * with the read key; `keys` opens with the read key or the source's capture key.
 */
export type Part = 'keys' | 'rows' | 'blobs'

/** The data keys of one segment, by part, in block order; as written, all three are there. */
export type SegmentKeys = Readonly<Record<Part, readonly Uint8Array[]>>

/** The same, as far as the opener may see them. */
export type OpenedKeys = Readonly<Partial<Record<Part, readonly Uint8Array[]>>>
