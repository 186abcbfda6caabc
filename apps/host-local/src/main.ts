import { hostLocal } from '@cni/plugin-host-local';
import { run } from '@cni/skel';

run(hostLocal);
