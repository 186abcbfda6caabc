import { args, environ, start, writeStderr, writeStdout } from '@cni/sys';
import { cnictl } from './cnictl.ts';

start(() => cnictl(args(), environ(), { stdout: writeStdout, stderr: writeStderr }));
