import * as z from 'zod'

// To compile a schema takes as long as to check some hundred values without, and few processes check
// as many. Schemas heed this when they are made, so whoever starts a process imports this file first.
z.config({ jitless: true })
