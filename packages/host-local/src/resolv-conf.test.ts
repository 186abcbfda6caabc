import { expect, test } from 'vitest';
import { parseResolvConf } from './resolv-conf.ts';

test.each<[string, string, object]>([
  ['a simple one', 'nameserver 192.0.2.0\nnameserver 192.0.2.1\n', { nameservers: ['192.0.2.0', '192.0.2.1'] }],
  [
    'comments and empty lines',
    '# nameserver 1\n;nameserver 2\n\n  \nnameserver 192.0.2.1',
    { nameservers: ['192.0.2.1'] },
  ],
  [
    'all fields',
    '  domain one\ndomain example.com\nsearch a.net b.net\nsearch c.net\noptions one two\n\toptions three\nnameserver\t192.0.2.3 more\n',
    {
      nameservers: ['192.0.2.3'],
      domain: 'example.com',
      search: ['a.net', 'b.net', 'c.net'],
      options: ['one', 'two', 'three'],
    },
  ],
  ['keywords without a value, and unknown ones', 'nameserver\nsortlist 1.2.3.4\nconstructor x\n', {}],
])('%s', (_, text, expected) => {
  expect(parseResolvConf(text)).toEqual(expected);
});
