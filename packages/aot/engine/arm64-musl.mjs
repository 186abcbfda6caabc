// musl for arm64 out of Debian's own archive, unpacked under .cache/: the machine's packages and its architectures are
// left as they are.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes sure of it, and gives the flags that compile and link against it. */
export function prepareArm64Musl(cache) {
  const root = join(cache, 'arm64-musl');
  if (!existsSync(root)) download(root);
  const lib = join(root, 'usr/lib/aarch64-linux-musl');
  const gcc = execFileSync('aarch64-linux-gnu-gcc', ['-print-file-name=include'], { encoding: 'utf8' }).trim();
  return {
    compile: ['-nostdinc', '-isystem', join(root, 'usr/include/aarch64-linux-musl'), '-isystem', gcc],
    linkFirst: ['-nostdlib', join(lib, 'crt1.o'), join(lib, 'crti.o')],
    linkLast: ['-Wl,--start-group', join(lib, 'libc.a'), '-lgcc', '-Wl,--end-group', join(lib, 'crtn.o')],
  };
}

function download(root) {
  const work = `${root}.${process.pid}`;
  mkdirSync(join(work, 'state/lists/partial'), { recursive: true });
  mkdirSync(join(work, 'cache/archives/partial'), { recursive: true });
  writeFileSync(join(work, 'status'), '');
  const options = {
    'APT::Architecture': 'arm64',
    'APT::Architectures': 'arm64',
    'APT::Sandbox::User': 'root',
    'Dir::State': join(work, 'state'),
    'Dir::State::status': join(work, 'status'),
    'Dir::Cache': join(work, 'cache'),
  };
  const apt = (...command) =>
    execFileSync(
      'apt-get',
      [...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]), '-qq', ...command],
      {
        cwd: work,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
  apt('update');
  apt('download', 'musl-dev');
  const file = readdirSync(work).find((name) => name.endsWith('.deb'));
  execFileSync('dpkg-deb', ['-x', join(work, file), join(work, 'root')]);
  renameSync(join(work, 'root'), root);
  rmSync(work, { recursive: true });
}
