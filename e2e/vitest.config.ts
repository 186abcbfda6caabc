import { defineConfig } from 'vitest/config';

// They change links and files as they like: only where those end with the run.
if (process.env['CNI_E2E_INSIDE'] === undefined) throw new Error('run `node src/on-ipvlan.ts vitest run` instead');

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
