import { test } from 'vitest';
import { cases } from './conformance.ts';

test.each(Object.entries(cases))('%s', (_, run) => run());
