import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Answer, Executable, type Request } from './testing/executable.ts';

const executable = await Executable.build();
afterAll(() => executable[Symbol.dispose]());

const NOBODY = 65534;

/** A tmpfs with a store on it, unmounted at the end of its scope. */
class Disk {
  readonly path: string;

  constructor(name: string, options = 'size=256k') {
    this.path = executable.directory(name);
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.path]);
  }

  ask(request: Request, keys: object = {}): Answer {
    const ipam = { type: 'host-local', dataDir: this.path, reuseDelay: 0, ...keys };
    return executable.run(
      { ipam: { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]], ...ipam } },
      request,
    );
  }

  /** Everything in it, with what the files say, but for the lock, which is made when a store is looked at. */
  content(): Record<string, string> {
    const files = readdirSync(this.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = files.map(({ parentPath, name }) => join(parentPath, name)).filter((path) => !path.endsWith('/lock'));
    return Object.fromEntries(paths.map((path) => [path.replace(`${this.path}/`, ''), readFileSync(path, 'utf8')]));
  }

  addresses(): string[] {
    return Object.keys(this.content()).filter((path) => /^pods\/[0-9a-f]+[.:]/.test(path));
  }

  /** Puts files on it until there is no room for another one. */
  fill(size: number): void {
    try {
      for (let n = 0; ; n++) writeFileSync(join(this.path, `.fill-${n}`), 'x'.repeat(size));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
  }

  clean(): void {
    for (const name of readdirSync(this.path))
      if (name.startsWith('.fill-')) execFileSync('rm', [join(this.path, name)]);
  }

  remount(option: string): void {
    execFileSync('mount', ['-o', `remount,${option}`, this.path]);
  }

  [Symbol.dispose](): void {
    execFileSync('umount', [this.path]);
  }
}

test.each([
  ['no blocks', 'size=256k', 4096],
  ['no inodes', 'size=4m,nr_inodes=64', 0],
])('a disk with %s left: ADD is refused and leaves nothing, DEL frees', (name, options, size) => {
  using disk = new Disk(name.replace(' ', '-'), options);
  expect(disk.ask({ verb: 'ADD', id: 'a' }).status).toBe(0);
  disk.fill(size);
  const held = disk.addresses();
  const { status, document } = disk.ask({ verb: 'ADD', id: 'b' });
  expect([status, document.code, document.msg]).toEqual([
    1,
    5,
    expect.stringMatching(/^\S+ .*\/(aside|journal): ENOSPC$/),
  ]);
  expect(disk.addresses()).toEqual(held);
  const statusAnswer = disk.ask({ verb: 'STATUS' }).document;
  expect([statusAnswer.code, statusAnswer.msg]).toEqual([50, expect.stringMatching(/^use the store: .*: ENOSPC$/)]);
  expect(disk.ask({ verb: 'DEL', id: 'a' }).status).toBe(0);
  expect(disk.addresses()).toEqual([]);
  disk.clean();
  expect(disk.ask({ verb: 'ADD', id: 'b' }).status).toBe(0);
  expect(disk.ask({ verb: 'STATUS' }).status).toBe(0);
});

test('a disk that was made read-only: each command says so, and changes nothing', () => {
  using disk = new Disk('read-only');
  expect(disk.ask({ verb: 'ADD', id: 'a' }).status).toBe(0);
  disk.remount('ro');
  const before = disk.content();
  for (const [verb, id, code] of [
    ['ADD', 'b', 5],
    ['DEL', 'a', 5],
    ['STATUS', 'a', 50],
  ] as const) {
    const { status, document } = disk.ask({ verb, id });
    expect([verb, status, document.code, document.msg]).toEqual([
      verb,
      1,
      code,
      expect.stringMatching(/\/lock: EROFS$/),
    ]);
  }
  expect(disk.content()).toEqual(before);
  disk.remount('rw');
  expect(disk.ask({ verb: 'DEL', id: 'a' }).status).toBe(0);
});

test.each([
  ['that is root’s', 0o700, /^stat .*: EACCES$/],
  ['that may only be read', 0o555, /^make directory .*: EACCES$/],
])('a directory %s, for somebody else', (name, permissions, message) => {
  using disk = new Disk(`others-${permissions}`);
  chmodSync(executable.path, 0o755);
  chmodSync(disk.path, permissions);
  const { status, document } = disk.ask({ verb: 'ADD', uid: NOBODY });
  expect([name, status, document.code, document.msg]).toEqual([name, 1, 5, expect.stringMatching(message)]);
  const { document: usable } = disk.ask({ verb: 'STATUS', uid: NOBODY });
  expect([usable.code, usable.msg]).toEqual([50, expect.stringMatching(/^use the store: .*: EACCES$/)]);
  expect(disk.content()).toEqual({});
});

test('a file where the directory should be', () => {
  using disk = new Disk('file');
  writeFileSync(join(disk.path, 'pods'), '');
  const { document } = disk.ask({ verb: 'ADD' });
  expect([document.code, document.msg]).toEqual([5, expect.stringContaining(`${disk.path}/pods`)]);
  expect(disk.content()).toEqual({ pods: '' });
});

test('a lock that somebody keeps: who it is, and STATUS is no verdict', async () => {
  using disk = new Disk('lock');
  expect(disk.ask({ verb: 'ADD', id: 'a' }).status).toBe(0);
  const lock = join(disk.path, 'pods/lock');
  const holder = spawn('flock', ['--no-fork', lock, 'sh', '-c', 'echo locked; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(holder.stdout, 'data');
    for (const verb of ['ADD', 'CHECK', 'DEL', 'STATUS', 'GC'] as const) {
      const { status, document } = disk.ask({ verb, id: 'b' }, { lockTimeout: 0.1 });
      expect([verb, status, document.code, document.msg]).toEqual([
        verb,
        1,
        11,
        expect.stringContaining(`lock ${lock}, held by pid ${holder.pid}, for 100 ms`),
      ]);
    }
  } finally {
    holder.kill();
    await once(holder, 'exit');
  }
});

test('STATUS of a set without a free address', () => {
  using disk = new Disk('exhausted');
  const keys = { ranges: [[{ subnet: '10.1.0.0/30' }]] };
  expect(disk.ask({ verb: 'STATUS' }, keys).status).toBe(0);
  expect(disk.ask({ verb: 'ADD' }, keys).status).toBe(0);
  const { status, document } = disk.ask({ verb: 'STATUS' }, keys);
  expect([status, document.code, document.msg]).toEqual([
    1,
    51,
    'no address is left in range set 0 (10.1.0.1-10.1.0.2)',
  ]);
  expect(existsSync(join(disk.path, 'pods/.probe'))).toBe(false);
});
