import { defineConfig } from 'vitest/config';

/** Tests that need neither root nor anything but this repository. */
export default defineConfig({
  resolve: { conditions: ['@cni/source'] },
  ssr: { resolve: { conditions: ['@cni/source'] } },
  test: {
    include: ['src/**/*.test.ts'],
    // For machines that are busy: no test is about time.
    testTimeout: 60_000,
    exclude: ['src/**/*.live.test.ts'],
    passWithNoTests: false,
    typecheck: { enabled: true, include: ['src/**/*.test-d.ts'] },
  },
});
