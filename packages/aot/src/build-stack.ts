import { SourceMap as NodeSourceMap } from 'node:module';
import type { SourceMap } from './lines.ts';
import { sourceName } from './source-name.ts';

/** An exception of the program's top level, its stack in terms of the sources: what describeStack is at run time. */
export function describeBuildStack(error: Error, map: SourceMap): string {
  const { sources, mappings } = map;
  const places = new NodeSourceMap({
    version: 3,
    file: '',
    sources: [...sources],
    sourcesContent: [],
    names: [],
    mappings,
    sourceRoot: '',
  });
  const stack = (error.stack ?? '').split('\n').filter((line) => line.includes('plugin.js:'));
  const described = stack.map((line) =>
    line.replace(/plugin\.js:(\d+):(\d+)/, (place, row: string, column: string) => {
      const found = places.findEntry(Number(row) - 1, Number(column) - 1);
      return 'originalSource' in found ? `${sourceName(found.originalSource)}:${found.originalLine + 1}` : place;
    }),
  );
  return [`${error.name}: ${error.message}`, ...described].join('\n');
}
