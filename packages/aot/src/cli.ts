import { parseArguments, USAGE } from './arguments.ts';
import { build } from './build.ts';
import { BuildError } from './build-error.ts';

async function run(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const start = performance.now();
  const size = await build(options);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${options.outfile}  ${(size / 1e6).toFixed(2)} MB  ${seconds} s\n`);
}

try {
  await run();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`cni-aot: ${error.message}\n`);
  process.exitCode = 1;
}
