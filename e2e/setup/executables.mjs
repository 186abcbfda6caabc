import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, Failure, must, root } from './run.mjs';

/** Builds every package and app, then {@link collectExecutables}. */
export async function buildExecutables(options) {
  await must('build', 'turbo', ['run', 'build'], options);
  collectExecutables();
}

/** `apps/NAME/dist/NAME` becomes `dist/bin/NAME`, each in one move; nothing else stays there. */
export function collectExecutables() {
  const bin = join(root, 'dist/bin');
  const names = readdirSync(join(root, 'apps'));
  mkdirSync(bin, { recursive: true });
  for (const name of names) {
    const built = join(root, 'apps', name, 'dist', name);
    if (!existsSync(built))
      throw new Failure(`collect executables: apps/${name} was built, but there is no apps/${name}/dist/${name}`);
    const unfinished = join(cache, `${name}.${process.pid}`);
    copyFileSync(built, unfinished);
    renameSync(unfinished, join(bin, name));
  }
  for (const stranger of readdirSync(bin).filter((name) => !names.includes(name)))
    rmSync(join(bin, stranger), { recursive: true });
}
