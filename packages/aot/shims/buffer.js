// Imported wherever a bundled npm package mentions the global of this name.
export { Buffer } from 'buffer';
