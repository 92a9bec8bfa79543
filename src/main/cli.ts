import { Command } from 'commander'

const program = new Command('holdfast')
  .description('Versioned, provable backup and restore of customer records in business systems.')
  .version('0.1.0')

await program.parseAsync()
