import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {EdgeDone, EdgeOutcome, Executor} from '../graph/executor.ts';
import {graphOf} from '../test/plain-edge.ts';
import type {Lanes} from './lanes.ts';
import {Verifier} from './verify.ts';

let directory: string;
let warnings: string[];
let localRuns: number;
let forgotten: number[];
let compared: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'llama-verify-'));
  mkdirSync(join(directory, '.llama'));
  warnings = [];
  localRuns = 0;
  forgotten = [];
  compared = [];
});

afterEach(() => rmSync(directory, {recursive: true}));

const OUTPUTS = ['one/a.o', 'two/a.o', 'c.o', 'd.o'];

function done(place: EdgeDone['place'], mtime: bigint): EdgeDone {
  return {kind: 'done', place, output: Buffer.from(`from ${place}`), record: {mtime, duration: 1}};
}

/** Writes `objects` one after the other, the last one for ever. */
function writer(outcome: EdgeDone, objects: readonly string[]): Executor {
  let at = 0;
  return {
    async run(edge) {
      const file = join(directory, OUTPUTS[edge]!);
      mkdirSync(join(file, '..'), {recursive: true});
      writeFileSync(file, objects[Math.min(at++, objects.length - 1)]!);
      return outcome;
    },
  };
}

function verify(
  objects: {remote: readonly string[]; local: readonly string[]},
  options: {share?: number; place?: EdgeDone['place']; localOutcome?: EdgeOutcome} = {},
): Executor {
  const {share = 1, place = 'remote', localOutcome} = options;
  const graph = graphOf(...OUTPUTS.map(output => ({texts: {}, outs: [output]})));
  const lanes = {
    // The first three have the same flags.
    signatureOf: (edge: number) => (edge < 3 ? 'cc -flto -c' : 'cc -O2 -c'),
  } as unknown as Lanes;
  const local = writer({...done('local', 2n), localReason: 'verified'}, objects.local);
  const verifier = new Verifier({
    share,
    directory,
    warn: text => warnings.push(text),
    onCompared: outcome => compared.push(outcome),
  });
  return verifier.wrap(writer(done(place, 1n), objects.remote), {
    lanes,
    graph: graph,
    runLocally: async (edge, signal) => {
      localRuns++;
      const outcome = await local.run(edge, signal);
      return localOutcome ?? outcome;
    },
    forgetResult: async edge => {
      forgotten.push(edge);
    },
  });
}

const SIGNAL = new AbortController().signal;

function object(edge: number): string {
  return readFileSync(join(directory, OUTPUTS[edge]!), 'utf8');
}

describe('a compile that is verified', () => {
  it.each(['remote', 'cached'] as const)(
    'and is equal counts as %s, and the record is of the object that is there',
    async place => {
      const outcome = await verify({remote: ['x'], local: ['x']}, {place}).run(0, SIGNAL);
      expect(outcome).toEqual({...done(place, 1n), record: {mtime: 2n, duration: 1}});
      expect(localRuns).toBe(1);
      expect(compared).toEqual(['equal']);
      expect(warnings).toEqual([]);
      expect(readdirSync(join(directory, '.llama'))).toEqual([]);
    },
  );

  it('and differs is told of, with both objects, and the local one stays', async () => {
    const outcome = await verify({remote: ['x'], local: ['y']}).run(0, SIGNAL);
    expect(outcome).toMatchObject({kind: 'done', place: 'local', localReason: 'verify-differed'});
    expect(object(0)).toBe('y');
    expect(forgotten).toEqual([0]);
    expect(compared).toEqual(['differed']);
    const kept = readdirSync(join(directory, '.llama/differing')).sort();
    expect(kept).toHaveLength(2);
    expect(kept.map(name => readFileSync(join(directory, '.llama/differing', name), 'utf8'))).toEqual([
      'y',
      'x',
    ]);
    expect(warnings).toHaveLength(1);
    for (const part of [join(directory, OUTPUTS[0]!), ...kept, '-flto']) expect(warnings[0]).toContain(part);
  });

  it('and differs from one local run as that does from the next proves nothing', async () => {
    const outcome = await verify({remote: ['x'], local: ['y', 'z']}).run(0, SIGNAL);
    expect(outcome).toMatchObject({place: 'remote', record: {mtime: 2n}});
    expect(outcome).not.toHaveProperty('localReason');
    expect(compared).toEqual(['unstable']);
    expect(warnings).toEqual([]);
  });

  it('keeps the objects of two targets apart that have one name', async () => {
    const executor = verify({remote: ['x'], local: ['y']});
    await executor.run(0, SIGNAL);
    rmSync(join(directory, '.llama/distrusted.json'));
    await verify({remote: ['p'], local: ['q']}).run(1, SIGNAL);
    expect(readdirSync(join(directory, '.llama/differing'))).toHaveLength(4);
  });

  it('is what its local run is, if that comes to nothing', async () => {
    const outcome = await verify({remote: ['x'], local: ['y']}, {localOutcome: {kind: 'cancelled'}}).run(
      0,
      SIGNAL,
    );
    expect(outcome).toEqual({kind: 'cancelled'});
    expect(compared).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe('distrust', () => {
  it('keeps compiles with the same flags here from then on, and no others', async () => {
    const executor = verify({remote: ['x'], local: ['y']});
    await executor.run(0, SIGNAL);
    localRuns = 0;
    expect(await executor.run(2, SIGNAL)).toMatchObject({place: 'local', localReason: 'verify-differed'});
    expect(localRuns).toBe(1);
    expect(object(2)).toBe('y');
    await executor.run(3, SIGNAL);
    expect(warnings).toHaveLength(2);
  });

  it('is remembered for the next build', async () => {
    await verify({remote: ['x'], local: ['y']}).run(0, SIGNAL);
    const next = new Verifier({share: 0, directory, warn: () => {}});
    expect([...next.distrusted]).toEqual(['cc -flto -c']);
  });

  it.each(['{}', 'null', '[', '[1]'])('that cannot be read (%s) is none', text => {
    writeFileSync(join(directory, '.llama/distrusted.json'), text);
    expect(new Verifier({share: 0, directory, warn: () => {}}).distrusted.size).toBe(0);
  });
});

describe('the share', () => {
  it('of none leaves the executor as it is', () => {
    const verifier = new Verifier({share: 0, directory, warn: () => {}});
    const executor = writer(done('remote', 1n), ['x']);
    expect(verifier.wrap(executor, {} as Parameters<Verifier['wrap']>[1])).toBe(executor);
  });

  it('of a half picks some and always the same ones', async () => {
    const picked = async () => {
      const executor = verify({remote: ['x'], local: ['x']}, {share: 0.5});
      const edges: number[] = [];
      for (let edge = 0; edge < OUTPUTS.length; edge++) {
        const before = localRuns;
        await executor.run(edge, SIGNAL);
        if (localRuns > before) edges.push(edge);
      }
      return edges;
    };
    const edges = await picked();
    expect(edges.length).toBeGreaterThan(0);
    expect(edges.length).toBeLessThan(OUTPUTS.length);
    expect(await picked()).toEqual(edges);
  });

  it('does not touch what ran here or failed', async () => {
    await verify({remote: ['x'], local: ['y']}, {place: 'local'}).run(0, SIGNAL);
    expect(localRuns).toBe(0);
    expect(existsSync(join(directory, '.llama/differing'))).toBe(false);
  });
});
