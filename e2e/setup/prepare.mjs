import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareDebian } from './debian.mjs';
import { prepareKernel } from './kernel.mjs';
import { cache, Failure, must, root, step, toolsEnv } from './run.mjs';

/** Everything the repository needs: pnpm, the lockfile's packages, Debian's packages. What is there already costs nothing. */
export async function prepare() {
  await preparePnpm();
  await preparePackages();
  await prepareDebian();
  await prepareKernel();
}

/** pnpm at the version of the root's package.json, in `.cache/`. */
export async function preparePnpm() {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
  const directory = join(cache, 'pnpm');
  const stamp = join(directory, 'installed');
  if (holds(stamp, wanted)) return;
  mkdirSync(directory, { recursive: true });
  const args = ['install', '--prefix', directory, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', wanted];
  const remedy = 'Is the npm registry reachable? `npm config get registry` tells which one is asked.';
  await step(`set-up: ${wanted}`, async () => {
    await must('pnpm', 'npm', args, { remedy });
    // The one script of it that counts: it puts the executable where a file stands that only a shell can run.
    await must('pnpm', process.execPath, [join(directory, 'node_modules/pnpm/install.js')], { remedy });
  });
  writeFileSync(stamp, wanted);
}

async function preparePackages() {
  const digest = workspaceDigest();
  const stamp = join(root, 'node_modules/.cni-setup');
  if (holds(stamp, digest)) return;
  const remedy =
    'If pnpm-lock.yaml does not fit the package.json files: `node e2e/setup.mjs pnpm install`, then commit the lockfile.';
  // CI: pnpm asks nobody before it removes a node_modules of other origin.
  const env = { ...toolsEnv(), CI: 'true' };
  await step('set-up: packages of the lockfile', () =>
    must('packages', 'pnpm', ['install', '--frozen-lockfile'], { remedy, env }),
  );
  if (!existsSync(join(root, 'node_modules/.bin/node')))
    throw new Failure(
      `There is no Node for ${process.platform} on ${process.arch} among the packages: Linux on x64 or arm64 is needed.`,
    );
  writeFileSync(stamp, digest);
}

/** Changes with the lockfile and with every package.json of the workspace. */
function workspaceDigest() {
  const hash = createHash('sha256');
  for (const name of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests('')])
    hash.update(readFileSync(join(root, name)));
  return hash.digest('hex');
}

function manifests(directory, depth = 4) {
  const entries = readdirSync(join(root, directory), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.name === 'package.json') return [path];
    const inside = entry.isDirectory() && !/^(\.|node_modules$|dist$|src$)/.test(entry.name);
    return inside && depth > 0 ? manifests(path, depth - 1) : [];
  });
}

function holds(stamp, text) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === text;
}
