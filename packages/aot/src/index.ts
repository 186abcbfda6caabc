export { type BuildOptions, build } from './build.ts';
export { BuildError } from './build-error.ts';
export { mergeNotices } from './notices.ts';
export type { Target } from './target.ts';
