// The licence notices of what is inside an engine, from where each of them was installed.
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { mergeNotices } from '../src/notices.ts';

/** `quickjs` is the directory of npm's quickjs-wasi, `libcRoot` the one below which musl is installed. Throws where one is missing. */
export function engineNotices({ compiler }, quickjs, libcRoot) {
  const { name, version } = JSON.parse(readFileSync(join(quickjs, 'package.json'), 'utf8'));
  const libgcc = realpathSync(run(compiler, '-print-libgcc-file-name'));
  return mergeNotices(
    // quickjs-wasi's own notice is silent about the engine in it. The file is that of its repository.
    notice('QuickJS-ng', join(import.meta.dirname, 'quickjs-ng.LICENSE')),
    notice(`${name} ${version}`, join(quickjs, 'LICENSE')),
    debianNotice('wasi-libc'),
    debianNotice('wabt'),
    debianNotice('musl-dev', libcRoot),
    debianNotice(run('dpkg', '-S', libgcc).split(':')[0]),
  );
}

function debianNotice(name, root = '/') {
  return notice(`${name} (Debian)`, join(root, 'usr/share/doc', name, 'copyright'));
}

function notice(heading, file) {
  return `=== ${heading}\n\n${readFileSync(file, 'utf8')}`;
}

function run(command, ...args) {
  return execFileSync(command, args, { encoding: 'utf8' }).trim();
}
