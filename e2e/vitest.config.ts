import { defineConfig } from 'vitest/config';

/** Tests of the built executables, as root on a kernel with ipvlan: started by src/on-ipvlan.ts, one file at a time. */
export default defineConfig({
  resolve: { conditions: ['@cni/source'] },
  ssr: { resolve: { conditions: ['@cni/source'] } },
  test: {
    include: ['src/**/*.e2e.test.ts'],
    // A guest has one processor, and starting a worker takes it seconds.
    pool: 'threads',
    isolate: false,
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
