import { hostLocal } from '@cni/plugin-host-local';
import { ipvlan } from '@cni/plugin-ipvlan';
import { run } from '@cni/skel';

run(ipvlan, [hostLocal]);
