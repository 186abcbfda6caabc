// musl for another architecture out of Debian's own archive, unpacked under .cache/: the machine's packages and its
// list of architectures are left as they are.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where it is unpacked. */
export function foreignRoot({ debian }, cache) {
  return join(cache, `musl-${debian}`);
}

/** Fetches it unless it is there, and gives the flags that compile and link against it. */
export function foreignMusl(target, cache) {
  const { compiler, debian, machine } = target;
  const root = foreignRoot(target, cache);
  if (!existsSync(root)) download(debian, root);
  const lib = join(root, `usr/lib/${machine}-linux-musl`);
  const gcc = execFileSync(compiler, ['-print-file-name=include'], { encoding: 'utf8' }).trim();
  return {
    compile: ['-nostdinc', '-isystem', join(root, `usr/include/${machine}-linux-musl`), '-isystem', gcc],
    linkFirst: ['-nostdlib', join(lib, 'crt1.o'), join(lib, 'crti.o')],
    linkLast: ['-Wl,--start-group', join(lib, 'libc.a'), '-lgcc', '-Wl,--end-group', join(lib, 'crtn.o')],
  };
}

function download(architecture, root) {
  const work = `${root}.${process.pid}`;
  try {
    mkdirSync(join(work, 'state/lists/partial'), { recursive: true });
    mkdirSync(join(work, 'cache/archives/partial'), { recursive: true });
    writeFileSync(join(work, 'status'), '');
    aptGet(work, architecture, 'update');
    aptGet(work, architecture, 'download', 'musl-dev');
    const file = readdirSync(work).find((name) => name.endsWith('.deb'));
    execFileSync('dpkg-deb', ['-x', join(work, file), join(work, 'root')]);
    renameSync(join(work, 'root'), root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** apt-get with the machine's sources, and a state of its own. */
function aptGet(work, architecture, ...command) {
  const options = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': 'root',
    'Dir::State': join(work, 'state'),
    'Dir::State::status': join(work, 'status'),
    'Dir::Cache': join(work, 'cache'),
  };
  const flags = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  execFileSync('apt-get', [...flags, '-qq', ...command], { cwd: work, stdio: ['ignore', 'ignore', 'pipe'] });
}
