import { run } from '@cni/skel';
import { sysctl } from './sysctl.ts';

run(sysctl);
