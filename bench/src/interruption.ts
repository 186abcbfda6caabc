import { setImmediate } from 'node:timers/promises';

/** A signal asked for an end; everything is put in order on the way out. */
export class Interruption extends Error {}

let interrupted = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true;
  });
}

/** Throws {@link Interruption} when there was a signal. */
export async function checkpoint(): Promise<void> {
  await setImmediate();
  if (interrupted) throw new Interruption('interrupted');
}
