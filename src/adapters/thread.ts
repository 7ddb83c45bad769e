import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts the worker `file` (its name without an ending) that lies beside the module `here` (its
 * `import.meta.url`): the compiled one; or, where we run from sources (tests, tsx), through tsx.
 */
export function startThread(here: string, file: string, options: WorkerOptions): Worker {
  if (!here.endsWith('.ts')) return new Worker(new URL(`./${file}.js`, here), options);
  const tsx = join(createRequire(here).resolve('tsx/package.json'), '../dist/esm/api/index.mjs');
  const source = new URL(`./${file}.ts`, here).href;
  const boot = `import(${JSON.stringify(tsx)}).then((tsx) => {
    tsx.register();
    return import(${JSON.stringify(source)});
  });`;
  return new Worker(boot, { ...options, eval: true, execArgv: [] });
}
