import { mergeConfig } from 'vitest/config';
import { CaseReporter } from './src/runtimes/report.ts';
import base from './vitest.config.ts';

/** Tests under real container runtimes: started by src/runtimes/main.ts, each in a place that ends with it. */
export default mergeConfig(base, {
  test: {
    include: ['src/runtimes/*.runtime.test.ts'],
    reporters: [new CaseReporter(), ['default', { summary: false }]],
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
