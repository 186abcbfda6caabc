export { ipvlan } from './ipvlan.ts';
