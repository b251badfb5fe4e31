import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { definitionFolders } from '../core/definitions/definition-kinds.js';
import { badInput, conflict } from '../core/errors.js';
import { jsonOption } from './context.js';
import { type OutputOptions, print } from './output.js';

const TEMPLATE = fileURLToPath(new URL('../../templates/project', import.meta.url));
/** npm packs no file of these names. */
const HIDDEN = ['npmrc', 'gitignore'];

/** A name that npm takes for a package. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;

/** What package.json says of the platform: a file or folder by its way from the project, else as it is given. */
const dependencyOf = (given: string, folder: string): string =>
  /^[./]|\.tgz$/.test(given) ? `file:${relative(folder, resolve(given))}` : given;

async function rewrite(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

/** Writes a new project, and nothing where the folder holds something already. @returns the files, by path */
export async function initProject(folder: string, platform: string): Promise<readonly string[]> {
  const name = basename(folder);
  if (!NAME.test(name)) throw badInput(`'${name}' is no name of a package`, 'use small letters, digits, - and _');
  const there = await readdir(folder).catch(() => []);
  if (there.length > 0) throw conflict(`${folder} is not empty`, 'name a folder that is not there yet');
  await cp(TEMPLATE, folder, { recursive: true });
  for (const file of HIDDEN) await rename(join(folder, file), join(folder, `.${file}`));
  await rewrite(join(folder, 'package.json'), (text) => {
    const { dependencies, ...rest } = JSON.parse(text) as Record<string, unknown>;
    const content = {
      ...rest,
      name,
      dependencies: { ...(dependencies as object), riskgraph: dependencyOf(platform, folder) },
    };
    return `${JSON.stringify(content, null, 2)}\n`;
  });
  await rewrite(join(folder, 'README.md'), (text) => text.replace('# my-risk', `# ${name}`));
  for (const each of definitionFolders) await mkdir(join(folder, each), { recursive: true });
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .map((file) => relative(folder, join(file.parentPath, file.name)))
    .sort();
}

export function addInitCommand(program: Command, version: string): void {
  const command = program
    .command('init')
    .description('write a project of your own: a folder whose definitions are laid over the product’s')
    .argument('<folder>', 'a folder that is not there yet; its name is that of the project')
    .option(
      '--package <spec>',
      'what package.json says of riskgraph: a version, or the path of a tarball',
      `^${version}`,
    )
    .addOption(jsonOption())
    .action(async (given: string) => {
      const options = command.opts<OutputOptions & { readonly package: string }>();
      const folder = resolve(given);
      const files = await initProject(folder, options.package);
      print({ folder, files }, options, () =>
        [`${folder}:`, ...files.map((file) => `  ${file}`), '', `Next: cd ${given} && npm install && npm test`].join(
          '\n',
        ),
      );
    });
}
