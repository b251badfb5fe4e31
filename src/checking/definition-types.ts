/** The names of a project's tables, columns and features as a file that an editor completes them from. */
import type { Registry } from '../core/definitions/registry.js';

/** Lies beside the config of a project. */
export const TYPES_FILE = 'riskgraph.gen.d.ts';

interface Member {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly unit?: string | undefined;
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

function members(list: readonly Member[], indent: string): string[] {
  return list.flatMap(({ name, type, description, unit }) => {
    const text = `${description}${unit ? ` (${unit})` : ''}`.replace(/\s+/g, ' ').replaceAll('*/', '* /');
    return [`${indent}/** ${text} */`, `${indent}${quoted(name)}: ${quoted(type)};`];
  });
}

const byName = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] =>
  [...list].sort((a, b) => (a.name < b.name ? -1 : 1));

/** The text of the file; the same definitions give the same text. */
export function definitionTypes({
  tables,
  views,
  onDemandViews,
}: Pick<Registry, 'tables' | 'views' | 'onDemandViews'>): string {
  const features = [...views.values(), ...onDemandViews.values()].flatMap((view) =>
    view.features.map(({ name, ...rest }) => ({ ...rest, name: `${view.id}:${name}` })),
  );
  const lines = [
    '/** Names that an editor completes in the definitions of this project. `riskgraph check --write` writes this file: do not edit it. */',
    'export {};',
    '',
    "declare module 'riskgraph/register' {",
    '  interface Register {',
    '    tables: {',
    ...byName(tables.all).flatMap(({ name, columns }) => [
      `      ${quoted(name)}: {`,
      ...members(columns, '        '),
      '      };',
    ]),
    '    };',
    '    features: {',
    ...members(byName(features), '      '),
    '    };',
    '  }',
    '}',
  ];
  return `${lines.join('\n')}\n`;
}
