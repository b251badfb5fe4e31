import type { Command } from 'commander';
import type { CommandContext } from './context.js';

export function addDemoCommand(program: Command, context: CommandContext): void {
  program
    .command('demo')
    .description('start everything, load a synthetic lending book, show it, and keep serving until Ctrl-C')
    .action(async () => {
      // Other commands do without the generator of the book.
      const { runDemo } = await import('./demo-run.js');
      await runDemo(context);
    });
}
