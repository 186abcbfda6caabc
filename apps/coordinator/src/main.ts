import { extendLimits } from '@cni/plugin-bandwidth';
import { coordinator } from '@cni/plugin-coordinator';
import { type Plugin, run } from '@cni/skel';

const { definition } = coordinator;

/** Where bandwidth came before it, the pod's limits hold on the link that coordinator makes too. */
const limited: Plugin = {
  ...coordinator,
  definition: {
    ...definition,
    add(call) {
      const result = definition.add(call);
      extendLimits({ ...call, result });
      return result;
    },
  },
};

run(limited);
