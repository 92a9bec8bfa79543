declare const brand: unique symbol

/**
 * A `T` that only its parser makes: two brands over the same representation do not mix.
 *
 * The brand lives in the file of its only parser, the one place that may cast to it.
 */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
