import { openNetns, writeStdout } from '@cni/sys';
import { openWire } from '../wire.ts';

/** Sends a frame without end. Arguments: the path of a namespace, the index of a link there, the frame in hexadecimal. */
const [, , path = '', index = '', digits = ''] = process.argv;
const wire = openWire({ name: 'flood', index: Number(index), mac: new Uint8Array(6), netns: openNetns(path) }, 0, []);
const frame = Uint8Array.from(Buffer.from(digits, 'hex'));
wire.send(frame);
writeStdout('flooding\n');
for (;;) wire.send(frame);
