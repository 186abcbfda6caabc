/** `node on-ipvlan.ts COMMAND [ARGUMENT...]`: runs a command of this folder as root on a kernel with ipvlan. */
import { delimiter, join } from 'node:path';
import { ipvlanKernel, onIpvlanKernel } from './kernel.ts';
import { searchPath } from './uml/boot.ts';

const root = join(import.meta.dirname, '../..');
const minutes = 10;

async function main(command: readonly string[]): Promise<number> {
  const started = performance.now();
  const kernel = ipvlanKernel();
  const names = ['HOME', 'LANG', 'CI', 'TERM', 'FORCE_COLOR', 'NO_COLOR', 'CNI_DEBUG'];
  const inherited = names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const status = await onIpvlanKernel(
    {
      command,
      directory: join(root, 'e2e'),
      env: {
        ...Object.fromEntries(inherited),
        CNI_E2E_INSIDE: kernel,
        PATH: [join(root, 'e2e/node_modules/.bin'), join(root, 'node_modules/.bin'), searchPath()].join(delimiter),
      },
      timeout: minutes * 60_000,
      onLine: (line) => process.stdout.write(`${line}\n`),
    },
    kernel,
  );
  const where = kernel === 'uml' ? 'a User-Mode Linux guest' : "the host's kernel";
  process.stdout.write(`ran on ${where} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  return status;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));
