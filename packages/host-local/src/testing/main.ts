import { run } from '@cni/skel';
import { hostLocal } from '../host-local.ts';

run(hostLocal);
