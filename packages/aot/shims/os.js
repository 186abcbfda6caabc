// What npm packages ask of node:os. Both architectures are little-endian.
export const endianness = () => 'LE';
