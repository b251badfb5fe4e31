import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** What its package.json must say. */
export const MODULES = '{ "type": "module" }\n';

/**
 * Makes a folder a project of definitions outside this repository, as a lender has one: its files import the package by its name.
 * `packages` are further ones that they import.
 */
export async function asProject(root: string, packages: readonly string[] = []): Promise<void> {
  const modules = join(root, 'node_modules');
  await mkdir(modules, { recursive: true });
  await symlink(resolve('.'), join(modules, 'riskgraph'));
  for (const name of packages) await symlink(resolve('node_modules', name), join(modules, name));
  await writeFile(join(root, 'package.json'), MODULES);
}

/** Makes a folder a project that takes only these of the product's definitions: a stack that checks and computes all of them takes minutes. */
export async function asProjectOf(root: string, starter: readonly string[]): Promise<void> {
  await asProject(root);
  const config = `import { defineProject } from 'riskgraph';\n\nexport default defineProject({ starter: ${JSON.stringify(starter)} });\n`;
  await writeFile(join(root, 'riskgraph.config.ts'), config);
}
