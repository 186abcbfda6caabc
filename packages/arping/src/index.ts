export { announce, findAnswered, findNeighbour, type Neighbour, type Patience } from './arping.ts';
export type { Link } from './wire.ts';
