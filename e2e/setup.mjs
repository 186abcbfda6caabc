/**
 * The way in: `node e2e/setup.mjs [test | demo | release | COMMAND [ARGUMENT...]]`, as the scripts of the root's package.json call it.
 * Brings what the repository needs onto the machine, then runs the tests, the demo or a command with the right PATH.
 * Plain JavaScript for Node 20.11 and newer, because nothing is installed yet.
 */
import { spawnSync } from 'node:child_process';
import { buildExecutables, collectExecutables } from './setup/executables.mjs';
import { prepare, preparePnpm } from './setup/prepare.mjs';
import { Failure, root, step, toolsEnv } from './setup/run.mjs';
import { runStages } from './setup/stages.mjs';

async function main([command, ...args]) {
  // pnpm is what mends a lockfile that does not fit.
  await (command === 'pnpm' ? preparePnpm() : prepare());
  if (command === undefined) return 0;
  if (command === 'test') return runStages();
  if (command === 'demo') {
    await step('build', buildExecutables);
    return pass('node', ['--conditions=@cni/source', 'e2e/src/demo/main.ts', ...args]);
  }
  if (command === 'release') {
    await step('build', buildExecutables);
    return pass('node', ['--conditions=@cni/source', 'release/src/main.ts', ...args]);
  }
  const task = command === 'turbo' && args[0] === 'run' ? args[1] : undefined;
  if (task === 'e2e' || task === 'bench') await step('build', buildExecutables);
  const status = pass(command, args);
  if (task === 'build' && status === 0) collectExecutables();
  // The ranges that the examples ask for have moved, and the lockfile has them.
  if (command === 'changeset' && args[0] === 'version' && status === 0)
    return pass('pnpm', ['install', '--lockfile-only', '--no-frozen-lockfile']);
  return status;
}

/** Runs a command on this terminal and gives its exit status. */
function pass(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, env: toolsEnv(), stdio: 'inherit' });
  if (error) throw new Failure(`run ${command}: ${error.message}`);
  return status ?? 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
