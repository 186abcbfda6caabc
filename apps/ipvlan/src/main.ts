import { ipvlan } from '@cni/plugin-ipvlan';
import { run } from '@cni/skel';

run(ipvlan);
