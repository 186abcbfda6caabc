import { coordinator } from '@cni/plugin-coordinator';
import { run } from '@cni/skel';

run(coordinator);
