import {cachedDataVersionTag} from 'node:v8';
import {expect, it, vi} from 'vitest';
import {collectInPauses, optimisingSooner, useOurFlags, withDefaultFlags} from './v8-flags.ts';

// The tag is what V8 holds against that of bytecode before it takes it.
const nodes = cachedDataVersionTag();
/** Others run the program as they run any. */
const isTried = /^v2[0246]\./.test(process.version);

function fails(): never {
  throw new Error('as it may');
}

it('loads under the flags that the bytecode of node itself was made with, before and after a failure', () => {
  expect(withDefaultFlags(cachedDataVersionTag)).toBe(nodes);
  expect(optimisingSooner(cachedDataVersionTag) !== nodes).toBe(process.version.startsWith('v20.'));
  expect(cachedDataVersionTag()).toBe(nodes);
  useOurFlags();
  const ours = cachedDataVersionTag();
  expect(ours !== nodes).toBe(isTried);
  expect(withDefaultFlags(cachedDataVersionTag)).toBe(nodes);
  expect(withDefaultFlags(() => withDefaultFlags(cachedDataVersionTag))).toBe(nodes);
  expect(() => withDefaultFlags(fails)).toThrow('as it may');
  expect(() => optimisingSooner(fails)).toThrow('as it may');
  expect(cachedDataVersionTag()).toBe(ours);

  collectInPauses();
  const watching = cachedDataVersionTag();
  expect(watching !== ours).toBe(isTried);
  expect(withDefaultFlags(cachedDataVersionTag)).toBe(nodes);
  expect(cachedDataVersionTag()).toBe(watching);
});

it('is one for both copies of this module', async () => {
  useOurFlags();
  const ours = cachedDataVersionTag();
  vi.resetModules();
  const copy = await import('./v8-flags.ts');
  expect(copy.useOurFlags).not.toBe(useOurFlags);
  copy.optimisingSooner(() => {});
  expect(cachedDataVersionTag()).toBe(ours);
  expect(copy.withDefaultFlags(cachedDataVersionTag)).toBe(nodes);
});
