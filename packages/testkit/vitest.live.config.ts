import { defineConfig } from 'vitest/config';

/** Tests on the machine's own kernel, as root, in network namespaces of their own. */
export default defineConfig({
  resolve: { conditions: ['@cni/source'] },
  ssr: { resolve: { conditions: ['@cni/source'] } },
  test: {
    include: ['src/**/*.live.test.ts'],
    // setns(2) is for one thread of one process: a fork for each file, one file at a time.
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
