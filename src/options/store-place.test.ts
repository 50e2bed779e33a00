import {describe, expect, it} from 'vitest';
import {FailureError} from '../failure.ts';
import {storeLimit, storePlace} from './store-place.ts';

describe('the limit of the store', () => {
  it.each([
    [undefined, 10 * 2 ** 30],
    ['', 10 * 2 ** 30],
    ['1000', 1000],
    ['4K', 4096],
    ['1.5m', 1.5 * 2 ** 20],
    ['20G', 20 * 2 ** 30],
    ['2t', 2 * 2 ** 40],
  ])('of %s is %i bytes', (text, bytes) => {
    expect(storeLimit(text === undefined ? {} : {LLAMA_STORE_LIMIT: text})).toBe(bytes);
  });

  it.each(['lots', '-1', '0', 'G', '10 G', '10GB', '1e9', '0x10', ' '])('is refused as %j', text => {
    try {
      storeLimit({LLAMA_STORE_LIMIT: text});
    } catch (error) {
      expect((error as FailureError).failure).toMatchObject({
        reason: 'option-invalid',
        text: expect.stringMatching(new RegExp(`^LLAMA_STORE_LIMIT .*'${text}'$`)),
      });
      expect(error).toBeInstanceOf(FailureError);
      return;
    }
    throw new Error('it was taken');
  });
});

describe('the place of the store', () => {
  it('is where the flag says, else in the cache of the user', () => {
    expect(storePlace('/s/../t', {})).toBe('/t');
    expect(storePlace(undefined, {XDG_CACHE_HOME: '/cache'})).toBe('/cache/llama');
    expect(storePlace(undefined, {XDG_CACHE_HOME: 'cache'})).toMatch(/\/\.cache\/llama$/);
  });
});
