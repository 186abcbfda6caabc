import { describeStack } from '@cni/sys';

const DEEPEST_CAUSE = 16;

/** What a developer wants to see of something thrown: name, message and stack, and those of its causes. */
export function describeThrown(thrown: unknown, depth = 0): string {
  if (!(thrown instanceof Error)) return `thrown: ${String(thrown)}\n`;
  const own = `${thrown.name}: ${thrown.message}\n${framesOf(thrown)}`;
  const { cause } = thrown;
  return cause === undefined || depth === DEEPEST_CAUSE ? own : `${own}caused by ${describeThrown(cause, depth + 1)}`;
}

/** Some engines begin a stack with the message, some do not. */
function framesOf({ stack = '' }: Error): string {
  const frames = describeStack(stack)
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  return frames.map((frame) => `${frame}\n`).join('');
}
