import { expect, test } from 'vitest';
import { fewOpenFiles } from '../../src/embedded/open-files.js';

const limits = (files: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units
Max processes             95961                95961                processes
Max open files            ${files}                files
Max locked memory         8388608              8388608              bytes
`;

test('a limit of open files that is too low for ClickHouse is named with what to do', () => {
  expect(fewOpenFiles(limits('256                  256'))).toBe(
    'this process may open 256 files, and the embedded ClickHouse needs 1024 or more: raise the limit before the start (ulimit -n 65536)',
  );
  expect(fewOpenFiles(limits('1024                 524288'))).toBeNull();
  expect(fewOpenFiles(limits('unlimited            unlimited'))).toBeNull();
  // Systems without /proc tell no limit.
  expect(fewOpenFiles('')).toBeNull();
});
