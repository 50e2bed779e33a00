import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {costNotice} from './cost-notice.ts';
import type {PlannedCompiles} from './planned-compiles.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-notice-'));
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

function rig(isAway = true) {
  const told: string[] = [];
  const sentBefore = join(folder, 'lists.json');
  const notice = costNotice({
    cloud: {isAway, expectedCost: ({compiles}) => compiles / 100},
    sentBefore,
    tell: text => told.push(text),
  });
  return {notice, told, sentBefore};
}

/** So many compiles, of which some can go to the cloud. */
function planned(compiles: number, canGo = compiles): PlannedCompiles {
  const expected = Array.from({length: canGo}, () => ({before: 100, bytes: 1000}));
  return {edges: Array.from({length: compiles}), expected: () => expected} as unknown as PlannedCompiles;
}

describe('what a build will cost', () => {
  it('is told once, before the first wide build', () => {
    const {notice, told} = rig();
    notice(planned(80));
    notice(planned(70));
    expect(told).toEqual([expect.stringContaining('80 compiles of 8 s in all')]);
    expect(told[0]).toContain('about $0.80');
  });

  it.each([
    ['workers are here', () => rig(false), 80, 80],
    ['there are few', () => rig(), 20, 20],
    ['few of them can go', () => rig(), 80, 20],
  ])('is not told where %s', (_, make, compiles, canGo) => {
    const {notice, told} = make();
    notice(planned(compiles, canGo));
    expect(told).toEqual([]);
  });

  it('is not told where the directory was built there before', () => {
    const {notice, told, sentBefore} = rig();
    writeFileSync(sentBefore, '');
    notice(planned(80));
    expect(told).toEqual([]);
  });
});
