import * as z from 'zod/mini';
import { definePlugin, run } from '../index.ts';

/** The plugin that `run.test.ts` starts as a program. */
run(
  definePlugin({
    name: 'program',
    about: 'program does nothing',
    config: z.object({}),
    add: () => ({ interfaces: [{ name: 'a' }] }),
    del() {},
    check() {},
  }),
);
