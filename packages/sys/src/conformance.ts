/**
 * What both implementations of the system calls must do, through the public functions. Run on Node by `sys.test.ts` and,
 * as a static executable, by `native.live.test.ts`.
 */
import * as sys from './index.ts';

function same(actual: unknown, expected: unknown): void {
  const [have, want] = [actual, expected].map((value) => JSON.stringify(value));
  if (have !== want) throw new Error(`want ${want}, have ${have}`);
}

function refuses(action: () => unknown, message: string): void {
  try {
    action();
  } catch (error) {
    const { message: actual } = error as Error;
    if (!actual.includes(message)) throw new Error(`want "${message}", have "${actual}"`);
    return;
  }
  throw new Error(`want "${message}", have no error`);
}

/** Runs `use` with a directory of its own, removed with all the files in it. */
function withDirectory(use: (directory: string) => void): () => void {
  return () => {
    const directory = `/tmp/cni-sys-${sys.randomHex(6)}`;
    sys.makeDirectories(directory);
    try {
      use(directory);
    } finally {
      for (const name of sys.listDirectory(directory)) sys.removeIfPresent(`${directory}/${name}`);
      sys.removeDirectoryIfPresent(directory);
    }
  };
}

const files: Record<string, () => void> = {
  'written, read back, permissions as asked': withDirectory((directory) => {
    sys.writeFile(`${directory}/a`, 'grün', { permissions: 0o640 });
    same(sys.readText(`${directory}/a`), 'grün');
    const { type, permissions, size } = sys.stat(`${directory}/a`);
    same([type, permissions, size], ['file', 0o640, 5]);
    sys.setPermissions(`${directory}/a`, 0o777);
    same(sys.stat(`${directory}/a`).permissions, 0o777);
    refuses(() => sys.setPermissions(`${directory}/none`, 0o600), `set permissions of ${directory}/none: ENOENT`);
  }),
  'a file that is not there': withDirectory((directory) => {
    refuses(() => sys.readText(`${directory}/none`), `open ${directory}/none: ENOENT`);
    same(sys.findText(`${directory}/none`), undefined);
    same(sys.findStat(`${directory}/none`), undefined);
    same(sys.removeIfPresent(`${directory}/none`), false);
  }),
  'findText looks away only from what is absent': withDirectory((directory) => {
    refuses(() => sys.findText(directory), `read ${directory}: EISDIR`);
  }),
  'the start of a file': withDirectory((directory) => {
    sys.writeFile(`${directory}/a`, 'grün');
    for (const [length, start] of [
      [0, ''],
      [2, 'gr'],
      [5, 'grün'],
      [9, 'grün'],
    ] as const)
      same(sys.text(sys.readStart(`${directory}/a`, length)), start);
    refuses(() => sys.readStart(`${directory}/none`, 1), `open ${directory}/none: ENOENT`);
  }),
  'small files at once, nothing for what is none': withDirectory((directory) => {
    sys.writeFile(`${directory}/a`, 'one');
    sys.writeFile(`${directory}/b`, 'grün');
    sys.writeFile(`${directory}/empty`, '');
    sys.writeFile(`${directory}/large`, '123456');
    sys.writeFile(`${directory}/nul`, '1\0');
    sys.writeFile(`${directory}/..x`, 'dots');
    const read = sys.readSmallFiles(directory, 5);
    const found = [...read.matchAll(/([^\0]*)\0([^\0]*)\0/g)].map(([, name, content]) => `${name}=${content}`);
    same(found.sort(), ['..x=dots', 'a=one', 'b=grün', 'empty=', 'large=', 'nul=']);
    refuses(() => sys.readSmallFiles(`${directory}/none`, 5), `open ${directory}/none: ENOENT`);
  }),
  'very many small files': withDirectory((directory) => {
    const names = Array.from({ length: 3000 }, (_, at) => `${at}`);
    for (const name of names) sys.writeFile(`${directory}/${name}`, `content of ${name}`);
    const pairs = sys.readSmallFiles(directory, 100).split('\0');
    const contents = names.map((name) => pairs[pairs.indexOf(name) + 1]);
    same(
      contents,
      names.map((name) => `content of ${name}`),
    );
    same(pairs.length, 6001);
  }),
  'exclusive creation of a file that is there': withDirectory((directory) => {
    sys.writeFile(`${directory}/a`, '1', { mode: 'exclusive' });
    refuses(() => sys.writeFile(`${directory}/a`, '2', { mode: 'exclusive' }), 'EEXIST');
    same(sys.readText(`${directory}/a`), '1');
  }),
  appended: withDirectory((directory) => {
    for (const line of ['1', '2']) sys.writeFile(`${directory}/a`, line, { mode: 'append', sync: true });
    same(sys.readText(`${directory}/a`), '12');
  }),
  'replaced, with nothing left aside': withDirectory((directory) => {
    sys.writeFile(`${directory}/a`, 'old');
    sys.replaceFile(`${directory}/a`, 'new', `${directory}/aside`);
    same(sys.readText(`${directory}/a`), 'new');
    same(sys.listDirectory(directory), ['a']);
  }),
  'a replacement that fails leaves nothing aside': withDirectory((directory) => {
    sys.makeDirectories(`${directory}/busy`);
    refuses(() => sys.replaceFile(`${directory}/busy`, 'new', `${directory}/aside`), 'EISDIR');
    same(sys.listDirectory(directory), ['busy']);
    sys.removeDirectoryIfPresent(`${directory}/busy`);
  }),
  'linked once': withDirectory((directory) => {
    sys.writeFile(`${directory}/a`, 'content');
    sys.link(`${directory}/a`, `${directory}/b`);
    same(sys.readText(`${directory}/b`), 'content');
    refuses(() => sys.link(`${directory}/a`, `${directory}/b`), 'EEXIST');
  }),
  'a thousand names listed': withDirectory((directory) => {
    const names = Array.from({ length: 1000 }, (_, index) => `a-rather-long-name-${index}`).sort();
    for (const name of names) sys.writeFile(`${directory}/${name}`, '');
    same(sys.listDirectory(directory).sort(), names);
  }),
  'directories made along the way, twice; a file in the way': withDirectory((directory) => {
    sys.makeDirectories(`${directory}/x/y`);
    sys.makeDirectories(`${directory}/x/y`);
    sys.syncDirectory(`${directory}/x`);
    sys.removeDirectoryIfPresent(`${directory}/x/y`);
    same(sys.removeDirectoryIfPresent(`${directory}/x`), true);
    sys.writeFile(`${directory}/file`, '');
    refuses(() => sys.makeDirectories(`${directory}/file`), 'ENOTDIR');
  }),
  'a directory where none can be made': () => {
    refuses(() => sys.makeDirectories('/proc/none/x'), 'make directory /proc/none: ENOENT');
  },
  'reading stops one byte past the limit': withDirectory((directory) => {
    sys.writeFile(`${directory}/a`, 'x'.repeat(100));
    same(sys.readFile(`${directory}/a`, 10).length, 11);
  }),
  'the end of a file': withDirectory((directory) => {
    sys.writeFile(`${directory}/a`, '0123456789');
    same(sys.text(sys.findEnd(`${directory}/a`, 4) ?? new Uint8Array(0)), '6789');
    same(sys.findEnd(`${directory}/a`, 11), undefined);
    same(sys.findEnd(`${directory}/none`, 1), undefined);
  }),
  'a NUL byte in a path': withDirectory((directory) => {
    refuses(() => sys.readText(`${directory}/a\0b`), 'EINVAL');
  }),
  'a part of a buffer written': withDirectory((directory) => {
    sys.writeFile(`${directory}/a`, sys.utf8('0123456789').subarray(3, 6));
    same(sys.readText(`${directory}/a`), '345');
  }),
  'the target of a symbolic link': () => {
    same(sys.readLink('/proc/self/ns/net').startsWith('net:['), true);
    refuses(() => sys.readLink('/tmp'), 'read link /tmp: EINVAL');
  },
  'one lock holder at a time, named to those who wait': withDirectory((directory) => {
    const path = `${directory}/lock`;
    const first = sys.lockFile(path, 0);
    refuses(() => sys.lockFile(path, 30), `lock ${path}, held by pid ${sys.pid()}, for 30 ms: EAGAIN`);
    first.release();
    sys.lockFile(path, 0).release();
  }),
};

function shell(script: string, stdin = '', timeout?: number): sys.ExecResult {
  const env = { GREETING: 'hello', PATH: '/usr/bin:/bin' };
  return sys.exec('/bin/sh', { args: ['-c', script], env, stdin: sys.utf8(stdin), ...(timeout && { timeout }) });
}

const programs: Record<string, () => void> = {
  'status, both outputs and the environment': () => {
    const { status, signal, timedOut, stdout, stderr } = shell('cat; echo $GREETING >&2; exit 3', 'in');
    same([status, signal, timedOut, sys.text(stdout), sys.text(stderr)], [3, undefined, false, 'in', 'hello\n']);
  },
  'output is kept up to a limit, and one byte more': () => {
    const { stdout, stderr } = sys.exec('/bin/sh', {
      args: ['-c', 'echo 12345678; echo 1 >&2'],
      env: {},
      stdin: new Uint8Array(0),
      limit: 3,
    });
    same([sys.text(stdout), sys.text(stderr)], ['1234', '1\n']);
  },
  'more than a pipe holds, both ways': () => {
    const large = 'x'.repeat(1_000_000);
    same(sys.text(shell('cat', large).stdout) === large, true);
  },
  'ended by a signal': () => same(shell('kill -TERM $$').signal, 15),
  'killed when the time is up': () => {
    const { timedOut, signal } = shell('sleep 10', '', 50);
    same([timedOut, signal], [true, 9]);
  },
  'a process left behind is not waited for': () => same(sys.text(shell('sleep 5 & echo done').stdout), 'done\n'),
  'a child dies of a broken pipe, as programs expect': () => {
    same(sys.text(shell('(trap "" EXIT; yes; echo $? >&2) | head -n 1').stdout), 'y\n');
  },
  'a program that is not there': () => {
    refuses(() => sys.exec('/nowhere/x', { env: {}, stdin: sys.utf8('') }), 'run /nowhere/x: ENOENT');
  },
  'a program that may not be run': () => {
    refuses(() => sys.exec('/etc/passwd', { env: {}, stdin: sys.utf8('') }), 'run /etc/passwd: EACCES');
  },
  'detached work is done': withDirectory((directory) => {
    sys.detach(() => sys.writeFile(`${directory}/done`, ''));
    for (let tries = 0; tries < 200 && sys.findStat(`${directory}/done`) === undefined; tries++) sys.sleep(5);
    same(sys.listDirectory(directory), ['done']);
  }),
};

const values: Record<string, () => void> = {
  'text and UTF-8': () => {
    same(Array.from(sys.utf8('ä€😀\0')), [0xc3, 0xa4, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0]);
    same(sys.text(Uint8Array.of(0xc3, 0xa4, 0xff, 0x41)), 'ä\ufffdA');
    same(sys.text(new Uint8Array(0)), '');
  },
  'the SHA-256 of nothing, of one block and of two': () => {
    same(sys.sha256(new Uint8Array(0)), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    same(sys.sha256(sys.utf8('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    const two = sys.utf8('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq');
    same(sys.sha256(two), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
    same(
      sys.sha256(new Uint8Array(1_000_000).fill(0x61)),
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  },
  'clocks run forward': () => {
    const [start, wall] = [sys.monotonic(), sys.now()];
    sys.sleep(5);
    same([sys.monotonic() - start >= 5, sys.now() > wall, wall > 1.7e12], [true, true, true]);
  },
  'random bytes differ': () => {
    same(sys.randomBytes(300).length, 300);
    same(sys.randomHex(16).length, 32);
    same(new Set([1, 2, 3].map(() => sys.randomHex(16))).size, 3);
  },
  'the environment': () => {
    same(sys.env('PATH'), sys.environ()['PATH']);
    same(sys.env('CNI_NO_SUCH_VARIABLE'), undefined);
  },
  'a stack by files of the source': () => {
    const { stack = '' } = new Error('a');
    same(/conformance\.ts:\d+/.test(sys.describeStack(stack)), true);
  },
  'standard input with nothing on it': () => same(sys.readStdinPiece(20), undefined),
  'a netlink socket with a timeout': () => {
    const [AF_NETLINK, SOCK_RAW] = [16, 3];
    const socket = sys.openSocket('rtnetlink', AF_NETLINK, SOCK_RAW, 0);
    socket.setTimeout(20);
    refuses(() => socket.receive(new Uint8Array(16)), 'receive on rtnetlink socket: EAGAIN');
    socket.close();
  },
  'the own namespace is one, a file is none': () => {
    const [one, two] = [sys.ownNetns(), sys.ownNetns()];
    same(one.id, two.id);
    same([sys.isOwnNetns(one), sys.isOwnNetns({ ...two, id: '1:1' })], [true, false]);
    one.close();
    two.close();
    refuses(() => sys.openNetns('/etc/passwd'), 'open namespace /etc/passwd, which is none: EINVAL');
  },
  'one holder of the namespace at a time': () => {
    const again = () => sys.withNetnsLock(() => 'taken', 10);
    sys.withNetnsLock(() => refuses(again, `lock /proc/self/ns/net, held by pid ${sys.pid()}, for 10 ms: EAGAIN`));
    same(again(), 'taken');
  },
  'a process that is left behind does not keep the lock': () => {
    sys.withNetnsLock(() => sys.detach(() => sys.sleep(200)));
    same(
      sys.withNetnsLock(() => 'taken', 10),
      'taken',
    );
  },
  'a sysctl, its key in either spelling': () => {
    same(sys.readSysctl('net.ipv4.conf.lo.forwarding'), sys.readSysctl('net/ipv4/conf/lo/forwarding'));
    refuses(
      () => sys.readSysctl('net.ipv4.conf.eth0/7.forwarding'),
      '/proc/sys/net/ipv4/conf/eth0.7/forwarding: ENOENT',
    );
  },
};

/** Each throws an `Error` that says what it wanted and had. None needs root. */
export const cases: Readonly<Record<string, () => void>> = { ...files, ...programs, ...values };
