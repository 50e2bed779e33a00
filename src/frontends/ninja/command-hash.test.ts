import {expect, it} from 'vitest';
import {commandHash, formatHash} from './command-hash.ts';

// Vectors of ninja's own HashCommand, versions 1.12.1 (murmur) and 1.13.2 (rapid).
const VECTORS: [command: string, murmur: string, rapid: string][] = [
  ['', '87c2bc0beaf1d91d', '5a6ef77074ebc84b'],
  ['a', '90fcb1aca689663e', 'c11328477bc0f5d1'],
  ['abc', '4e17a8afabaabae6', '347080fbf5fcd81'],
  ['abcd', 'b318eda286d8b406', '56b66b8dc802bcc'],
  ['0123456789abcdef', '94e6b06f689962d3', 'fcc8fa4e2771d2ef'],
  ['/usr/bin/c++ -O2 -c x.cc -o x.o', 'ffc2e2f32425f453', '8c48a26b660e2305'],
  ['x'.repeat(48), 'a0dd6b2e8d67affc', 'dcaecec4fa89ea1a'],
  ['x'.repeat(49), 'c4d9fcce1287586b', '691913c40797ed8e'],
  ['y'.repeat(97), 'd5694a30ac286ed8', '8665250eb878bf67'],
  ['z'.repeat(1000), '6fb9699498f7cccd', 'c731942e3332d32a'],
  [': größe, und länger als sechzehn > /dev/null', '3da217fc116b992a', 'b3162ea05a46c0c8'],
];

it.each(VECTORS)('hashes %j as ninja does', (command, murmur, rapid) => {
  expect(formatHash(commandHash('murmur', command))).toBe(murmur);
  expect(formatHash(commandHash('rapid', command))).toBe(rapid);
});
