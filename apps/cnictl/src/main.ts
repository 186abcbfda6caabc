import { args, environ, start, writeStderr, writeStdout } from '@cni/sys';
import { cnictl } from './cnictl.ts';

start(() => {
  try {
    return cnictl(args(), environ(), { stdout: writeStdout, stderr: writeStderr });
  } catch (error) {
    // What there was to say could not be written.
    writeStderr(`cnictl: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
});
