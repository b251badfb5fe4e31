/**
 * Checks the types of definition files in a thread of its own, beside the engine that runs their queries. Plain JavaScript, so that the thread runs
 * it as it stands.
 *
 * Takes `{ root, files, packageRoot }` and answers `{ found, read }`: problems of those files as `{ file, line, column, message }`, and the paths of all
 * files that the compiler read.
 */
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import ts from 'typescript';

/** The platform that runs is the one that the types are of, wherever the project has it installed. */
function packagePaths(packageRoot) {
  const { exports } = JSON.parse(readFileSync(`${packageRoot}/package.json`, 'utf8'));
  const paths = Object.entries(exports).map(([name, path]) => [
    `riskgraph${name.slice(1)}`,
    [`${packageRoot}/${path.slice(2)}`],
  ]);
  return Object.fromEntries(paths);
}

function optionsOf(root, packageRoot) {
  const file = ts.findConfigFile(root, ts.sys.fileExists) ?? `${packageRoot}/tsconfig.json`;
  const { config, error } = ts.readConfigFile(file, ts.sys.readFile);
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  return ts.parseJsonConfigFileContent(config, ts.sys, root, undefined, file).options;
}

parentPort.on('message', ({ root, files, packageRoot }) => {
  const own = optionsOf(root, packageRoot);
  const options = {
    ...own,
    paths: { ...packagePaths(packageRoot), ...own.paths },
    noEmit: true,
    composite: false,
    declaration: false,
    incremental: false,
    tsBuildInfoFile: undefined,
  };
  const program = ts.createProgram(files, options);
  const found = [...program.getConfigFileParsingDiagnostics(), ...program.getOptionsDiagnostics()];
  const wanted = new Set(files.map((path) => ts.sys.realpath(path)));
  for (const source of program.getSourceFiles()) {
    if (!wanted.has(ts.sys.realpath(source.fileName))) continue;
    found.push(...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source));
  }
  parentPort.postMessage({
    found: found.map(({ file, start = 0, messageText, code }) => {
      const place = file?.getLineAndCharacterOfPosition(start);
      return {
        file: file?.fileName ?? null,
        line: place ? place.line + 1 : null,
        column: place ? place.character + 1 : null,
        message: `${ts.flattenDiagnosticMessageText(messageText, '\n')} (TS${code})`,
      };
    }),
    read: program.getSourceFiles().map(({ fileName }) => fileName),
  });
});
