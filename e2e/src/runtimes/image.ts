/** The image that all containers are made of: busybox and iperf3 of this machine, packed by hand as one layer of an OCI archive. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Its name for runtimes. */
export const IMAGE = 'docker.io/library/cni-e2e:1';

const cache = join(import.meta.dirname, '../../../.cache/runtimes');
const busybox = '/bin/busybox';
const iperf3 = '/usr/bin/iperf3';

/** Where {@link makeImage} has put it. */
export function imagePath(): string {
  const hash = createHash('sha256');
  for (const path of [import.meta.filename, busybox, iperf3]) hash.update(readFileSync(path));
  return join(cache, `image-${hash.digest('hex').slice(0, 16)}.tar`);
}

/** Packs the image, once for each version of what is in it. */
export function makeImage(): void {
  const path = imagePath();
  if (existsSync(path)) return;
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(tmpdir(), 'cni-image-'));
  try {
    const unfinished = `${path}.${process.pid}`;
    pack(layout(directory), unfinished, 'oci-layout', 'index.json', 'blobs');
    renameSync(unfinished, path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes a directory as the OCI image layout has it; its path. */
function layout(directory: string): string {
  const blobs = join(directory, 'layout/blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const add = (mediaType: string, file: string): Descriptor => {
    const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
    renameSync(file, join(blobs, digest));
    return { mediaType, digest: `sha256:${digest}`, size: statSync(join(blobs, digest)).size };
  };
  const addJson = (kind: string, value: object): Descriptor => {
    writeFileSync(join(directory, 'json'), JSON.stringify(value));
    return add(`application/vnd.oci.image.${kind}.v1+json`, join(directory, 'json'));
  };
  pack(rootfs(directory), join(directory, 'layer.tar'), '.');
  const layer = add('application/vnd.oci.image.layer.v1.tar', join(directory, 'layer.tar'));
  const config = addJson('config', {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['sleep', '1000000'] },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = addJson('manifest', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: [layer],
  });
  // One name is read by containerd, the other by podman.
  const annotations = { 'io.containerd.image.name': IMAGE, 'org.opencontainers.image.ref.name': IMAGE };
  const root = join(directory, 'layout');
  writeFileSync(
    join(root, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  writeFileSync(join(root, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return root;
}

function rootfs(directory: string): string {
  const root = join(directory, 'root');
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'run'])
    mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n'))
    if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  copyFileSync(iperf3, join(root, 'bin/iperf3'));
  for (const library of [busybox, iperf3].flatMap(librariesOf)) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
  return root;
}

/** None of a static program, which `ldd` refuses. */
function librariesOf(program: string): string[] {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  return [...stdout.matchAll(/\/\S+(?= \()/g)].map(([path]) => path);
}

function pack(directory: string, file: string, ...names: string[]): void {
  execFileSync('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', directory, '-cf', file, ...names]);
}
