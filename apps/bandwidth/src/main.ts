import { bandwidth } from '@cni/plugin-bandwidth';
import { run } from '@cni/skel';

run(bandwidth);
