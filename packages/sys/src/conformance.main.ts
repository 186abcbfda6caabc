/** The conformance cases as a program: one JSON object on stdout, from a case's name to what was wrong. */
import { cases } from './conformance.ts';
import { start, writeStdout } from './index.ts';

start(() => {
  const failures = Object.entries(cases).map(([name, run]): [string, string] => {
    try {
      run();
      return [name, ''];
    } catch (error) {
      return [name, error instanceof Error ? `${error.message}\n${error.stack}` : String(error)];
    }
  });
  writeStdout(JSON.stringify(Object.fromEntries(failures)));
  return 0;
});
