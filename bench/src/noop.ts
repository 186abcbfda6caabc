import { start } from '@cni/sys';

start(() => 0);
