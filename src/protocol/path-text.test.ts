import fc from 'fast-check';
import {expect, it} from 'vitest';
import {bytesOfPath, hasOddBytes, textOfPath} from './path-text.ts';

it('gives UTF-8 as it is', () => {
  for (const text of ['', 'a.h', 'größe €.h', '\u{1f999}/x', 'a real \ufffd']) {
    expect(textOfPath(Buffer.from(text))).toBe(text);
    expect(bytesOfPath(text)).toEqual(Buffer.from(text));
    expect(hasOddBytes(text)).toBe(false);
  }
});

it('gives a text to what is not', () => {
  expect(textOfPath(Buffer.from('h\xe9.h', 'latin1'))).toBe('h\udce9.h');
  expect(textOfPath(Buffer.from([0xed, 0xb3, 0xa9]))).toBe('\udced\udcb3\udca9');
  expect(hasOddBytes('h\udce9.h')).toBe(true);
});

it('knows UTF-8 as the platform does', () => {
  const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
  // Few kinds of bytes make nearly right sequences likely.
  const byte = fc.constantFrom(
    0x00,
    0x41,
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0xc0,
    0xc2,
    0xdf,
    0xe0,
    0xe1,
    0xed,
    0xef,
    0xf0,
    0xf1,
    0xf4,
    0xf5,
    0xff,
  );
  fc.assert(
    fc.property(fc.oneof(fc.array(byte, {maxLength: 8}), fc.array(fc.nat(255))), values => {
      const bytes = Buffer.from(values);
      const text = textOfPath(bytes);
      expect(bytesOfPath(text)).toEqual(bytes);
      let decoded: string | undefined;
      try {
        decoded = decoder.decode(bytes);
      } catch {
        // Not UTF-8.
      }
      expect(hasOddBytes(text)).toBe(decoded === undefined);
      if (decoded !== undefined) expect(text).toBe(decoded);
    }),
    {numRuns: 2000},
  );
});
