import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {EdgeDone} from '../graph/executor.ts';
import {digestOf} from '../protocol/digest.ts';
import {shareNames} from '../protocol/path-groups.ts';
import {ExecutorRig, NEVER, OLD, output} from '../test/executor-rig.ts';
import {type CachedResult, InvocationError, StoreError} from './cloud.ts';

let directory: string;

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'llama-executor-')));
  write('a.c', '#include "a.h"');
  write('a.h', 'int a;');
});

afterEach(() => rmSync(directory, {recursive: true, force: true}));

function write(name: string, text: string): void {
  writeFileSync(join(directory, name), text);
  utimesSync(join(directory, name), OLD, OLD);
}

function at(name: string): string {
  return join(directory, name);
}

function object(): string {
  return readFileSync(at('a.o'), 'utf8');
}

describe('a compile', () => {
  it('puts its object in place and tells what it printed and read', async () => {
    const rig = new ExecutorRig(directory);
    const outcome = await rig.run();
    expect(outcome).toEqual({
      kind: 'done',
      place: 'remote',
      output: Buffer.from('a.c:1: warning\n'),
      record: {mtime: 1n, duration: 5, deps: rig.nodes('a.c', 'a.h')},
    });
    expect(object()).toBe('#include "a.h",int a;');
    expect(existsSync(at('a.o.d'))).toBe(false);
    expect(rig.localReasons).toEqual([]);
  });

  it('whose depfile the manifest spells in another way is recorded with what it read', async () => {
    const rig = new ExecutorRig(directory);
    rig.depfile = './sub/../a.o.d';
    rig.command = rig.command.replace('-MF a.o.d', '-MF ./a.o.d');
    rig.compiler = request => {
      const result = rig.compile(request);
      const spelt = (path: string) => (path === 'a.o.d' ? './a.o.d' : path);
      return {...result, outputs: result.outputs.map(out => ({...out, path: spelt(out.path)}))};
    };
    expect(await rig.run()).toMatchObject({record: {deps: rig.nodes('a.c', 'a.h')}});
    expect(rig.warnings).toEqual([]);
    expect(existsSync(at('a.o.d'))).toBe(false);
  });

  it('with a depfile that stays on disk leaves it there', async () => {
    const rig = new ExecutorRig(directory);
    rig.flags = 0;
    expect(await rig.run()).toMatchObject({kind: 'done'});
    expect(readFileSync(at('a.o.d'), 'utf8')).toBe('a.o: a.c a.h\n');
  });

  it('that fails is told of as it is: never again, never kept, and nothing in place', async () => {
    const rig = new ExecutorRig(directory);
    rig.compiler = request => rig.compile(request, {exitCode: 1, outputs: [], missing: ['a.o']});
    expect(await rig.run()).toMatchObject({
      kind: 'failed',
      place: 'remote',
      exitCode: 1,
      output: Buffer.from('a.c:1: warning\n'),
    });
    expect(rig.requests).toHaveLength(1);
    expect(rig.cached.size).toBe(0);
    expect(rig.localReasons).toEqual([]);
    expect(existsSync(at('a.o'))).toBe(false);
    await rig.run();
    expect(rig.requests).toHaveLength(2);
  });

  it('that was killed from outside says nothing of the user’s code', async () => {
    const rig = new ExecutorRig(directory);
    rig.compiler = request => rig.compile(request, {exitCode: 137, signal: 'SIGKILL', outputs: []});
    await rig.run();
    expect(rig.localReasons).toEqual(['worker-killed']);
  });

  it('without an output that it owes runs here', async () => {
    const rig = new ExecutorRig(directory);
    rig.compiler = request => rig.compile(request, {outputs: [], missing: ['a.o']});
    await rig.run();
    expect(rig.localReasons).toEqual(['output-missing']);
    expect(rig.cached.size).toBe(0);
  });
});

describe('a result', () => {
  const PATHS = ['/etc/cron.d/llama', '../b.o', './a.o', 'b.o'];

  it.each(PATHS)('that has %s, which the compile does not make, writes nothing', async path => {
    const rig = new ExecutorRig(directory);
    rig.compiler = request => {
      const answer = rig.compile(request);
      const [object] = (answer as {outputs: readonly object[]}).outputs;
      return {...answer, outputs: [{...object, path}]} as unknown as typeof answer;
    };
    await rig.run();
    expect(rig.localReasons).toEqual(['blob-corrupt']);
    expect(existsSync(join(directory, path))).toBe(false);
  });

  it.each(PATHS)('of the cache that has %s is compiled anew', async path => {
    const rig = new ExecutorRig(directory);
    await rig.run();
    for (const [key, results] of rig.cached)
      rig.cached.set(
        key,
        results.map(result => ({...result, outputs: [{...result.outputs[0]!, path}]})),
      );
    expect(await rig.run()).toMatchObject({kind: 'done', place: 'remote'});
  });
});

describe('the policy', () => {
  it('keeps a compile here under its reason', async () => {
    const rig = new ExecutorRig(directory);
    rig.reasonToStay = 'own-core';
    await rig.run();
    expect(rig.localReasons).toEqual(['own-core']);
    expect(rig.requests).toHaveLength(0);
  });

  it('lets a result of the cache be taken all the same', async () => {
    const rig = new ExecutorRig(directory);
    await rig.run();
    rig.reasonToStay = 'max-cost';
    expect(await rig.run()).toMatchObject({place: 'cached'});
  });

  it('can make a fault of the cloud a failure', async () => {
    const rig = new ExecutorRig(directory);
    rig.fallsBack = false;
    rig.compiler = () => {
      throw new InvocationError('unavailable', 'there is no network', 'no-network');
    };
    const outcome = await rig.run();
    expect(outcome).toMatchObject({kind: 'failed'});
    expect((outcome as {output: Buffer}).output.toString()).toContain('there is no network');
    expect(rig.localReasons).toEqual([]);
  });

  it('names what the cloud lacked', async () => {
    const rig = new ExecutorRig(directory);
    rig.compiler = () => {
      throw new InvocationError('unavailable', 'there is no network', 'no-network');
    };
    await rig.run();
    expect(rig.localReasons).toEqual(['cloud-no-network']);
  });
});

describe('an input that discovery missed', () => {
  it('is sent in a second round, whose result is the one that counts', async () => {
    const rig = new ExecutorRig(directory);
    rig.foreseen = ['a.c'];
    expect(await rig.run()).toMatchObject({place: 'remote', record: {deps: rig.nodes('a.c', 'a.h')}});
    expect(rig.requests).toHaveLength(2);
    expect(object()).toBe('#include "a.h",int a;');
  });

  it('makes a failure mean nothing', async () => {
    const rig = new ExecutorRig(directory);
    rig.foreseen = ['a.c'];
    rig.compiler = request => rig.compile(request, rig.requests.length === 1 ? {exitCode: 1} : {});
    expect(await rig.run()).toMatchObject({kind: 'done', place: 'remote'});
  });

  it('that never arrives is given up after a few rounds', async () => {
    const rig = new ExecutorRig(directory);
    rig.compiler = request =>
      rig.compile(request, {
        observed: {read: [], found: [], absent: shareNames([[directory, 'a.h']]), listed: []},
      });
    await rig.run();
    expect(rig.localReasons).toEqual(['undiscovered-input']);
    expect(rig.requests).toHaveLength(4);
    expect(rig.cached.size).toBe(0);
  });

  it('that is a precompiled header is for the local compiler', async () => {
    write('a.h.gch', '');
    const rig = new ExecutorRig(directory);
    rig.compiler = request =>
      rig.compile(request, {
        observed: {read: [], found: [], absent: shareNames([[directory, 'a.h.gch']]), listed: []},
      });
    await rig.run();
    expect(rig.localReasons).toEqual(['pch']);
  });

  it('is no output that the compiler asked for before it wrote it', async () => {
    write('a.o', 'from before');
    const rig = new ExecutorRig(directory);
    rig.compiler = request =>
      rig.compile(request, {
        observed: {read: [], found: [], absent: shareNames([[directory, 'a.o/a.o.d']]), listed: []},
      });
    expect(await rig.run()).toMatchObject({place: 'remote'});
    expect(rig.requests).toHaveLength(1);
  });
});

describe('an input that changes', () => {
  it('between look and upload is looked at again', async () => {
    const rig = new ExecutorRig(directory);
    const executor = rig.executor();
    const missing = rig.pending;
    let edits = 0;
    rig.pending = (...args) => {
      if (edits++ === 0) write('a.h', 'int changed;');
      return missing(...args);
    };
    expect(await executor.run(0, NEVER)).toMatchObject({place: 'remote', record: {mtime: 2n}});
    expect(object()).toBe('#include "a.h",int changed;');
  });

  it('or goes away in between does not fail the build', async () => {
    const rig = new ExecutorRig(directory);
    rig.pending = () => {
      rmSync(at('a.h'), {force: true});
      return [];
    };
    expect(await rig.run()).toMatchObject({kind: 'done'});
    expect(object()).toBe('#include "a.h"');
  });

  it('while it is compiled, and was young, is compiled again', async () => {
    const rig = new ExecutorRig(directory);
    writeFileSync(at('a.h'), 'int young;');
    rig.onInvoke = () => {
      if (rig.requests.length === 1) writeFileSync(at('a.h'), 'int newer;');
    };
    expect(await rig.run()).toMatchObject({place: 'remote', record: {mtime: 2n}});
    expect(object()).toBe('#include "a.h",int newer;');
  });
});

describe('an unfinished edge', () => {
  it('that makes an input is waited for; one that cannot be waited for is not asked for again', async () => {
    const rig = new ExecutorRig(directory);
    rig.pending = files => (files.includes(at('a.h')) ? [7] : []);
    const executor = rig.executor();
    expect(await executor.run(0, NEVER)).toEqual({kind: 'waits', producers: [7]});
    expect(rig.requests).toEqual([]);
    // The plan has sent it back at once: edge 7 itself needs this one.
    expect(await executor.run(0, NEVER)).toMatchObject({place: 'remote'});
  });

  it('is waited for also where a result is known that rests on what it made the last time', async () => {
    const rig = new ExecutorRig(directory);
    await rig.run();
    rig.pending = files => (files.includes(at('a.h')) ? [7] : []);
    expect(await rig.run()).toEqual({kind: 'waits', producers: [7]});
  });

  it('is never the edge itself', async () => {
    const rig = new ExecutorRig(directory);
    rig.pending = () => [0];
    expect(await rig.run()).toMatchObject({place: 'remote'});
  });
});

describe('a known result', () => {
  it('is taken without a worker, with what the compiler had printed', async () => {
    const rig = new ExecutorRig(directory);
    const first = (await rig.run()) as EdgeDone;
    rmSync(at('a.o'));
    const second = (await rig.run()) as EdgeDone;
    expect(second).toMatchObject({
      place: 'cached',
      output: first.output,
      record: {deps: rig.nodes('a.c', 'a.h')},
    });
    expect(object()).toBe('#include "a.h",int a;');
    expect(rig.requests).toHaveLength(1);
  });

  it.each<[string, (rig: ExecutorRig) => void]>([
    ['a header', () => write('a.h', 'int b;')],
    ['the source', () => write('a.c', '#include "a.h" ')],
    ['an argument', rig => (rig.command = rig.command.replace('-O2', '-O1'))],
    ['a variable of the environment', rig => (rig.env = {CPATH: '/x'})],
  ])('does not hold for another state of %s, and holds again for the first one', async (_what, change) => {
    const rig = new ExecutorRig(directory);
    await rig.run();
    const {command, env} = rig;
    change(rig);
    expect(await rig.run()).toMatchObject({place: 'remote'});
    Object.assign(rig, {command, env});
    write('a.h', 'int a;');
    write('a.c', '#include "a.h"');
    expect(await rig.run()).toMatchObject({place: 'cached'});
    expect(rig.requests).toHaveLength(2);
  });

  it.each<[string, (result: CachedResult) => CachedResult]>([
    ['a blob is gone', result => ({...result, outputs: result.outputs.map(({inline: _, ...rest}) => rest)})],
    [
      'a blob is damaged',
      result => ({...result, outputs: result.outputs.map(out => ({...out, inline: Buffer.alloc(3)}))}),
    ],
  ])('of which %s is compiled again', async (_what, spoil) => {
    const rig = new ExecutorRig(directory);
    await rig.run();
    for (const [key, results] of rig.cached) rig.cached.set(key, results.map(spoil));
    rmSync(at('a.o'));
    expect(await rig.run()).toMatchObject({place: 'remote'});
    expect(object()).toBe('#include "a.h",int a;');
  });

  it('is neither asked for nor kept without a cache', async () => {
    const rig = new ExecutorRig(directory);
    rig.useCache = false;
    await rig.run();
    await rig.run();
    expect(rig.requests).toHaveLength(2);
    expect(rig.cached.size).toBe(0);
  });

  it('is not kept of a source that asks for the time, unless that is fixed', async () => {
    const rig = new ExecutorRig(directory);
    rig.found = {readsClock: true};
    await rig.run();
    expect(rig.cached.size).toBe(0);
    rig.env = {SOURCE_DATE_EPOCH: '1'};
    await rig.run();
    expect(rig.cached.size).toBe(1);
  });

  it('is not kept of a run that read what nobody sent', async () => {
    const rig = new ExecutorRig(directory);
    rig.compiler = request =>
      rig.compile(request, {
        observed: {read: [[directory, 'a.c/other.h']], found: [], absent: [], listed: []},
      });
    expect(await rig.run()).toMatchObject({place: 'remote'});
    expect(rig.cached.size).toBe(0);
  });
});

describe('a fault of the cloud', () => {
  it('blob-missing has the blob put again', async () => {
    const rig = new ExecutorRig(directory);
    rig.compiler = request => {
      if (rig.requests.length > 1) return rig.compile(request);
      const digest = digestOf('int a;');
      rig.blobs.delete(digest);
      return {kind: 'failure', reason: 'blob-missing', text: 'gone', digests: [digest]};
    };
    expect(await rig.run()).toMatchObject({place: 'remote'});
    expect(object()).toBe('#include "a.h",int a;');
    expect(rig.counts.invocationsRetried).toBe(1);
  });

  it.each<[string, string, (rig: ExecutorRig) => void]>([
    [
      'a store that takes nothing',
      'store-failed',
      rig => (rig.storeFault = new StoreError('store-failed', 'disk full')),
    ],
    [
      'a worker that always dies',
      'worker-lost',
      rig => (rig.compiler = () => new InvocationError('lost', 'disk full')),
    ],
    [
      'a worker that refuses',
      'worker-refused',
      rig => (rig.compiler = () => ({kind: 'failure', reason: 'scratch-full', text: 'disk full'})),
    ],
    ['an output that is damaged on its way', 'blob-corrupt', rig => damage(rig)],
    ['an output that is not in the store', 'blob-missing', rig => lose(rig)],
  ])('%s makes the compile run here, by a name', async (_what, reason, spoil) => {
    const rig = new ExecutorRig(directory);
    spoil(rig);
    expect(await rig.run()).toMatchObject({place: 'local', localReason: reason});
    expect(rig.localReasons).toEqual([reason]);
    expect(rig.warnings).toHaveLength(1);
    expect(rig.cached.size).toBe(0);
    expect(existsSync(at('a.o'))).toBe(false);
  });

  it('by the store itself spares the next compiles the trouble', async () => {
    const rig = new ExecutorRig(directory);
    rig.storeFault = new StoreError('store-failed', 'disk full');
    const executor = rig.executor();
    await executor.run(0, new AbortController().signal);
    rig.storeFault = undefined;
    expect(await executor.run(0, new AbortController().signal)).toMatchObject({
      place: 'local',
      localReason: 'store-failed',
    });
    expect(rig.requests).toEqual([]);
    expect(rig.warnings).toHaveLength(1);
  });

  function damage(rig: ExecutorRig): void {
    rig.compiler = request =>
      rig.compile(request, {outputs: [{...output('a.o', 'object'), inline: Buffer.alloc(3)}]});
  }

  function lose(rig: ExecutorRig): void {
    const {inline: _, ...rest} = output('a.o', 'object');
    rig.compiler = request => rig.compile(request, {outputs: [rest]});
  }

  it('after an interruption is no fault, and nothing is run here', async () => {
    const stop = new AbortController();
    const rig = new ExecutorRig(directory);
    rig.compiler = () => {
      stop.abort();
      return new InvocationError('aborted', 'interrupted');
    };
    expect(await rig.run(stop.signal)).toEqual({kind: 'cancelled'});
    expect(rig.localReasons).toEqual([]);
    expect(rig.warnings).toEqual([]);
  });
});

it.each<[string, (rig: ExecutorRig) => void]>([
  ['undiscovered-input', rig => (rig.outcome = {kind: 'unknown'})],
  ['pch', rig => (rig.found = {precompiled: ['a.h']})],
])('what discovery cannot settle runs here: %s', async (reason, change) => {
  const rig = new ExecutorRig(directory);
  change(rig);
  await rig.run();
  expect(rig.localReasons).toEqual([reason]);
  expect(rig.requests).toEqual([]);
});

it('an output that cannot be written is a failure that names it', async () => {
  const rig = new ExecutorRig(directory);
  rmSync(at('a.o'), {force: true});
  writeFileSync(at('tmp'), 'in the way');
  const outcome = await rig.run();
  expect(outcome).toMatchObject({kind: 'failed', exitCode: 1});
  expect(outcome.kind === 'failed' && outcome.output.toString()).toMatch(/^llama: .*tmp/);
});
