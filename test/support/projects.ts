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
