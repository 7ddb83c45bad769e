import { commands } from './commands/index.js';
import { manualPage } from './manual.js';

/** The files of docs/commands: a page a command, and the list of all. */
export function manualFiles(): Map<string, string> {
  const sorted = [...commands].sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = new Map(sorted.map((command) => [`${command.name}.md`, manualPage(command)]));
  const categories = [...new Set(sorted.map((c) => c.category))].sort();
  const lists = categories.map((category) => {
    const lines = sorted
      .filter((c) => c.category === category)
      .map((c) => `- [${c.name}](${c.name}.md): ${c.summary}`);
    return `## ${category}\n\n${lines.join('\n')}\n`;
  });
  files.set(
    'README.md',
    `# Commands\n\nWritten by \`scripts/manual.ts\` from the declarations in \`src/rpc/commands\`.\n\n${lists.join('\n')}`,
  );
  return files;
}
