import {afterEach, beforeEach, expect, it, vi} from 'vitest';
import {FileState} from '../graph/file-state.ts';
import {Epochs} from './epochs.ts';

beforeEach(() => {
  vi.useFakeTimers({toFake: ['performance']});
});

afterEach(() => {
  vi.useRealTimers();
});

function rig() {
  const files = new FileState();
  const seen: number[] = [];
  let stamp = 0n;
  const epochs = new Epochs(files, () => {
    // Which looks at files came before this stamp.
    seen.push(files.epoch);
    return ++stamp;
  });
  return {files, epochs, seen};
}

it('keeps one stamp while an epoch lasts', () => {
  const {files, epochs} = rig();
  expect(epochs.current().stamp).toBe(1n);
  const {epoch} = files;
  vi.advanceTimersByTime(500);
  expect(epochs.current().stamp).toBe(1n);
  expect(files.epoch).toBe(epoch);
});

it('takes a stamp before any file is looked at anew', () => {
  const {files, epochs, seen} = rig();
  const before = files.epoch;
  epochs.current();
  expect(seen).toEqual([before]);
  expect(files.epoch).toBe(before + 1);
});

it('begins anew after a command ran here, and after its longest time', () => {
  const {files, epochs} = rig();
  epochs.current();
  const first = files.epoch;
  epochs.end();
  expect(files.epoch).toBe(first);
  expect(epochs.current().stamp).toBe(2n);
  expect(files.epoch).toBe(first + 1);
  vi.advanceTimersByTime(60_000);
  expect(epochs.current().stamp).toBe(3n);
  expect(files.epoch).toBe(first + 2);
});
