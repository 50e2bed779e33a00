import {PassThrough} from 'node:stream';
import {describe, expect, it} from 'vitest';
import type {Event} from '../event.ts';
import {written} from '../test/written.ts';
import {createWatchDisplay, type WatchDisplay} from './watch-display.ts';

const ADVICE = {again: 'again', tellLocal: 'tell', alone: (target: string) => `alone ${target}`};

function rig(options: {hasKeys?: boolean; json?: boolean; mode?: 'plain' | 'none'} = {}): {
  display: WatchDisplay;
  tell: (...events: Event[]) => void;
  said: () => string;
  lines: Record<string, unknown>[];
} {
  const stream = new PassThrough();
  const lines: Record<string, unknown>[] = [];
  const display = createWatchDisplay({
    mode: options.mode ?? 'plain',
    verbose: false,
    advice: ADVICE,
    verifies: false,
    color: false,
    stream: stream as unknown as NodeJS.WriteStream,
    hasKeys: options.hasKeys ?? false,
    clears: false,
    json: options.json ? line => lines.push(JSON.parse(line)) : undefined,
  });
  return {
    display,
    tell: (...events) => events.forEach(display.report),
    said: () =>
      written(stream)
        .replaceAll(/\d\d:\d\d:\d\d/g, 'CLOCK')
        .replaceAll(/\d+\.\d\d/g, 'S'),
    lines,
  };
}

const began = (...changed: string[]): Event => ({type: 'watch-began', changed, isBurst: false});
const built = (result: 'built' | 'failed'): Event => ({type: 'watch-built', result});
const started = (id: number, isCompile = true): Event => ({
  type: 'edge-started',
  id,
  isCompile,
  label: '',
  isConsole: false,
});
const finished = (id: number, target: string, isCompile = true): Event => ({
  type: 'edge-finished',
  id,
  isCompile,
  target,
  label: '',
  command: '',
  place: isCompile ? 'remote' : 'ninja',
  output: Buffer.alloc(0),
});
const failed = (id: number, target: string, output: string): Event => ({
  type: 'edge-failed',
  id,
  isCompile: true,
  target,
  command: 'cc',
  exitCode: 1,
  place: 'remote',
  duration: 1234,
  output: Buffer.from(output),
  isReported: false,
});

/** A failure in whole, as it is shown. */
const shown = (target: string, output: string): string =>
  `FAILED: ${target}\n${output}\nexit 1 on the worker, 1.2 s; to see it alone: alone ${target}\ncc\n`;

describe('lines of a watch', () => {
  it('say what changed, what was done and how long it took', () => {
    const {tell, said} = rig();
    tell(began(`${process.cwd()}/src/a.c`), started(1), finished(1, 'a.o'), started(2, false));
    tell(finished(2, 'app', false), built('built'));
    expect(said()).toBe(
      'CLOCK  src/a.c changed → 1 compile, 1 other step · S s (compile S, other S, us S)\n',
    );
  });

  it('tell which compiles did not run', () => {
    const {tell, said} = rig();
    tell(began('/a.h'), started(1), {...finished(1, 'a.o'), place: 'cached'} as Event, started(2));
    tell(finished(2, 'b.o'), built('built'));
    expect(said()).toBe('CLOCK  /a.h changed → 2 compiles (1 cached) · S s (compile S, us S)\n');
  });

  it('name three files at most', () => {
    const {tell, said} = rig();
    tell(began('/a', '/b', '/c', '/d', '/e'), built('built'));
    expect(said()).toBe('CLOCK  /a, /b, /c and 2 more changed → nothing to do · S s (us S)\n');
  });

  it('are few without progress: failures alone', () => {
    const {tell, said} = rig({mode: 'none'});
    tell(began('/a'), built('built'), {type: 'watch-ready', files: 3});
    expect(said()).toBe('');
    tell(began('/a'), started(1), failed(1, 'a.o', 'oops'), built('failed'));
    expect(said()).toBe(
      `${shown('a.o', 'oops')}CLOCK  /a changed → 1 compile · 1 failed · S s (compile S, us S)\n`,
    );
  });

  it('tell of the keys where there are some, and of the number of files when it changes', () => {
    const {tell, said} = rig({hasKeys: true});
    tell({type: 'watch-ready', files: 1204}, {type: 'watch-ready', files: 1204});
    expect(said()).toBe('watching 1,204 files · q quit · r rebuild · e next error\n');
  });
});

describe('what is broken', () => {
  it('is shown after each build until it is mended, the newest first', () => {
    const {tell, said} = rig();
    tell(
      began(),
      started(1),
      failed(1, 'a.o', 'first'),
      started(2),
      failed(2, 'b.o', 'second'),
      built('failed'),
    );
    expect(said()).toContain(`${shown('b.o', 'second')}${shown('a.o', 'first')}CLOCK`);
    tell(began('/a'), started(1), failed(1, 'a.o', 'changed'), started(2), failed(2, 'b.o', 'second'));
    tell(built('failed'));
    expect(said()).toContain(`${shown('a.o', 'changed')}${shown('b.o', 'second')}CLOCK`);
    tell(began('/a'), started(1), finished(1, 'a.o'), built('failed'));
    expect(said()).toBe(
      `${shown('b.o', 'second')}CLOCK  /a changed → 1 compile · failed · 1 broken · S s (compile S, us S)\n`,
    );
  });

  it('is gone when everything is built, whoever built it', () => {
    const {tell, said} = rig();
    tell(began(), started(1), failed(1, 'a.o', 'oops'), built('failed'));
    said();
    tell(began('/a'), built('built'));
    expect(said()).toBe('CLOCK  /a changed → nothing to do · S s (us S)\n');
  });

  it('is shown one after the other by a key', () => {
    const {display, tell, said} = rig();
    display.nextProblem();
    expect(said()).toBe('nothing is broken\n');
    tell(began(), started(1), failed(1, 'a.o', 'A'), started(2), failed(2, 'b.o', 'B'), built('failed'));
    said();
    for (const expected of [
      `1 of 2\n${shown('b.o', 'B')}`,
      `2 of 2\n${shown('a.o', 'A')}`,
      `1 of 2\n${shown('b.o', 'B')}`,
    ]) {
      display.nextProblem();
      expect(said()).toBe(expected);
    }
  });
});

it('JSON tells each event in a line, and nothing else', () => {
  const {tell, said, lines} = rig({json: true});
  tell(began('/a'), started(1), failed(1, 'a.o', 'oops'), built('failed'), {type: 'watch-ready', files: 2});
  expect(said()).toBe('');
  expect(lines).toMatchObject([
    {type: 'began', changed: ['/a'], burst: false},
    {type: 'failed', target: 'a.o', command: 'cc', exit: 1, output: 'oops'},
    {type: 'built', result: 'failed', compiles: 0, others: 0, failed: 1, broken: 1},
    {type: 'ready', files: 2},
  ]);
});
