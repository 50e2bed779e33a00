import {describe, expect, it} from 'vitest';
import type {CompileVerified, EdgeBroke, EdgeFinished, Event} from '../event.ts';
import {type Advice, closingLines, failureLines, headLine, seconds} from './lines.ts';
import {SummaryCollector} from './summary.ts';
import {Tally} from './tally.ts';

function planned(compiles: number, others: number): Event {
  return {type: 'build-planned', name: 'p', compiles, others, edgesTotal: 100};
}

function started(id: number, isCompile = true): Event {
  return {type: 'edge-started', id, isCompile, label: '', isConsole: false};
}

function finished(id: number, more: Partial<EdgeFinished> = {}): Event {
  const event = {
    type: 'edge-finished',
    id,
    isCompile: true,
    label: '',
    command: '',
    place: 'remote',
    output: Buffer.alloc(0),
  };
  return {...event, ...more} as Event;
}

function broke(id: number, more: Partial<EdgeBroke> = {}): EdgeBroke {
  return {
    type: 'edge-failed',
    id,
    isCompile: true,
    output: Buffer.from('a.c:1: error\n'),
    target: 'a.o',
    command: 'cc -c a.c',
    exitCode: 1,
    place: 'remote',
    duration: 90,
    isReported: false,
    ...more,
  };
}

const BUILD: readonly Event[] = [
  planned(6, 2),
  ...[1, 2, 3, 4, 5, 6].map(id => started(id)),
  finished(1),
  finished(2, {place: 'cached'}),
  finished(3, {place: 'local', localReason: 'pch'}),
  finished(4, {place: 'local', localReason: 'pch'}),
  finished(5, {place: 'ninja', localReason: 'console'}),
  {type: 'edge-returned', id: 6},
  started(6),
  broke(6),
  started(7, false),
  finished(7, {isCompile: false, place: 'ninja'}),
  started(8, false),
  broke(8, {isCompile: false, place: 'ninja'}),
];

function tallyOf(events: readonly Event[]): Tally {
  const tally = new Tally();
  for (const event of events) tally.add(event);
  return tally;
}

const ADVICE: Advice = {
  again: 'llama again',
  tellLocal: 'llama tell local',
  alone: target => `llama alone ${target}`,
};

const COUNTS = {
  get: 1,
  put: 2,
  head: 3,
  list: 8,
  bytesUp: 4,
  bytesDown: 5,
  invocationsStarted: 6,
  invocationsRetried: 7,
  retries: new Map<string, number>(),
  fresh: {count: 2, bytes: 100, unpackMs: 10.04, delayMs: 20},
  worker: {get: 10, put: 20, head: 30},
  billedMs: 1234.56,
};

function summaryOf(events: readonly Event[], result: 'built' | 'failed' | 'interrupted') {
  const collector = new SummaryCollector();
  for (const event of events) collector.add(event);
  return collector.summary({
    result,
    began: performance.now() - 1234,
    counts: COUNTS,
    cost: 0.00012345,
    discoveryCpu: 1.26,
    ninjaRuns: 9,
    loopDelayMax: 2,
  });
}

describe('the tally', () => {
  it('counts each edge once, by where it ran', () => {
    expect(tallyOf(BUILD)).toMatchObject({
      compiles: 6,
      others: 2,
      remote: 1,
      cached: 1,
      local: 3,
      failedCompiles: 1,
      failed: 2,
      othersDone: 1,
      running: 0,
      compilesDone: 5,
      done: 6,
    });
  });

  it('has a reason for every local compile', () => {
    const tally = tallyOf(BUILD);
    expect([...tally.localReasons.values()].reduce((a, b) => a + b)).toBe(tally.local);
  });

  it('tells commands by --remote-rule apart from compiles and from what ninja runs', () => {
    const events: Event[] = [
      planned(1, 4),
      ...[1, 2, 3, 4, 5].map(id => started(id, id === 1)),
      finished(1),
      finished(2, {isCompile: false}),
      finished(3, {isCompile: false, place: 'cached'}),
      finished(4, {isCompile: false, place: 'local', localReason: 'undeclared-input'}),
      finished(5, {isCompile: false, place: 'ninja'}),
    ];
    expect(tallyOf(events)).toMatchObject({
      remote: 1,
      compilesDone: 1,
      othersDone: 4,
      rules: {remote: 1, cached: 1, local: 1},
    });
    const summary = summaryOf(events, 'built');
    expect(summary).toMatchObject({
      remote_rules: {remote: 1, cached: 1, local: 1},
      local_reasons: {'undeclared-input': 1},
    });
    const [line, local] = closingLines(summary, {advice: ADVICE, othersDone: 4, failed: 0});
    expect(line).toContain('2 other steps by workers (1 remote, 1 cached), 2 other steps by ninja');
    expect(local).toBe('  local: 1 undeclared-input');
    const verified = {...summary, verified: {compared: 3, differed: 0}};
    expect(closingLines(verified, {advice: ADVICE, othersDone: 4, failed: 0, unstable: 0}).at(-1)).toBe(
      '  verified 3 of 1 compile and 3 other steps: all equal',
    );
  });

  it('takes a second plan for what is still to be done', () => {
    const tally = tallyOf([...BUILD, planned(3, 1)]);
    expect(tally.compiles).toBe(5 + 1 + 3);
    expect(tally.others).toBe(1 + 1 + 1);
  });
});

describe('the summary', () => {
  it('has all that its schema names, in agreement with the tally', () => {
    const summary = summaryOf(BUILD, 'failed');
    expect(summary).toMatchObject({
      schema: 1,
      result: 'failed',
      edges: {total: 100, dirty: 8, compiles: 6},
      compiles: {remote: 1, cached: 1, local: 3, failed: 1},
      local_reasons: {pch: 2, console: 1},
      local_runs: 9,
      verified: {compared: 0, differed: 0},
      discovery_cpu_ms: 1.3,
      loop_delay_max_ms: 2,
      requests: {get: 11, put: 22, head: 33, list: 8},
      worker_requests: {get: 10, put: 20, head: 30},
      bytes: {up: 4, down: 5},
      invocations: {started: 6, retried: 7},
      retries: {},
      fresh_environments: {count: 2, bytes: 100, unpack_ms: 10, delay_ms: 20},
      billed_ms: 1234.6,
      cost_usd: 0.000123,
    });
    expect(summary.wall_ms).toBeGreaterThanOrEqual(1234);
    expect(summary.client_cpu_ms).toBeGreaterThan(0);
    expect(summary.client_rss_mb).toBeGreaterThan(1);
  });
});

describe('the lines', () => {
  it('tell at the head what is to be done', () => {
    const event = {type: 'build-planned', name: 're2', compiles: 1905, others: 1, edgesTotal: 9} as const;
    expect(headLine(event, 'embedded cloud, 2 workers')).toBe(
      're2 · 1,905 compiles, 1 other step · embedded cloud, 2 workers',
    );
    expect(headLine(event, '')).toBe('re2 · 1,905 compiles, 1 other step');
  });

  it('end with counts that are the summary’s', () => {
    const options = {advice: ADVICE, othersDone: 1, failed: 2};
    const [line, local] = closingLines(summaryOf(BUILD, 'built'), options);
    expect(line).toMatch(
      /^built 5 compiles in .* s \(1 remote, 1 cached, 3 local\), 1 other step by ninja · client .* CPU · \$0\.0001$/,
    );
    expect(local).toContain('local: 2 pch, 1 console');
    expect(local).toContain('llama tell local tells why');
    expect(closingLines(summaryOf(BUILD, 'interrupted'), options)[1]).toBe('to go on: llama again');
    expect(closingLines(summaryOf(BUILD, 'failed'), options)[0]).toMatch(/^2 failed after .*recorded$/);
    expect(closingLines(summaryOf(BUILD, 'failed'), {...options, failed: 0})[0]).toMatch(/^failed after /);
    expect(closingLines(summaryOf([planned(1, 0), started(1), finished(1)], 'built'), options)).toHaveLength(
      1,
    );
  });

  it('tell what had to be asked again, and why', () => {
    const summary = summaryOf([planned(1, 0), started(1), finished(1)], 'built');
    const lines = closingLines(
      {...summary, retries: {'s3:SlowDown': 2, 'lambda:status-503': 7}},
      {advice: ADVICE, othersDone: 0, failed: 0},
    );
    expect(lines.slice(1)).toEqual(['  asked again: 7 lambda:status-503, 2 s3:SlowDown']);
  });

  it('explain what only the build itself could find, and point to what a plan tells', () => {
    const local = (reason: string): Event => ({...finished(1), place: 'local', localReason: reason}) as Event;
    const lines = (reason: string) =>
      closingLines(summaryOf([planned(1, 0), started(1), local(reason)], 'built'), {
        advice: ADVICE,
        othersDone: 0,
        failed: 0,
      });
    expect(lines('worker-lost').slice(1)).toEqual([
      '  local: 1 worker-lost',
      '  worker-lost: the worker went away each time',
    ]);
    expect(lines('pch').slice(1)).toEqual(['  local: 1 pch    llama tell local tells why']);
  });

  it('say that there was nothing to do where there was nothing', () => {
    const closing = {advice: ADVICE, othersDone: 0, failed: 0};
    const summary = summaryOf([planned(0, 0)], 'built');
    expect(closingLines(summary, closing)).toEqual([expect.stringMatching(/^nothing to do \(\d\.\d\d s\)$/)]);
    expect(closingLines(summaryOf([planned(0, 0)], 'failed'), closing)[0]).toMatch(/^failed after/);
  });

  const compared = (...outcomes: CompileVerified['outcome'][]): Event[] =>
    outcomes.map(outcome => ({type: 'compile-verified', outcome}));

  it.each([
    [[], 'verified 0 of 5 compiles'],
    [compared('equal', 'equal'), 'verified 2 of 5 compiles: all equal'],
    [
      compared('equal', 'differed', 'equal'),
      'verified 3 of 5 compiles: 1 differed, and will run locally from now on',
    ],
    [
      compared('unstable', 'differed'),
      'verified 2 of 5 compiles: 1 differed, and will run locally from now on, 1 differed between two local compiles as well',
    ],
  ])('tell what was verified: %j', (events, line) => {
    const all = [...BUILD, ...events];
    const {unstable, ...verified} = tallyOf(all).verified;
    const summary = summaryOf(all, 'built');
    expect(summary.verified).toEqual(verified);
    const closing = {advice: ADVICE, othersDone: 0, failed: 0};
    expect(closingLines(summary, {...closing, unstable}).at(-1)).toBe(`  ${line}`);
    expect(closingLines(summary, closing).join()).not.toContain('verified');
  });

  it('show a failure in the compiler’s own words, with its command', () => {
    const lines = failureLines(broke(1), ADVICE).split('\n');
    expect(lines).toEqual([
      'FAILED: a.o',
      'a.c:1: error',
      'exit 1 on the worker, 0.09 s; to see it alone: llama alone a.o',
      'cc -c a.c',
      '',
    ]);
    expect(failureLines(broke(1, {place: 'local'}), ADVICE)).not.toContain('worker');
  });

  it('show what ninja reported as ninja reported it', () => {
    const output = Buffer.from('FAILED: x\nfalse\n');
    expect(failureLines(broke(1, {isReported: true, output}), ADVICE)).toBe('FAILED: x\nfalse\n');
  });

  it('round times as people read them', () => {
    expect([4, 999, 1000, 61_234, 99_999, 100_000].map(seconds)).toEqual([
      '0.00 s',
      '1.00 s',
      '1.0 s',
      '61.2 s',
      '100.0 s',
      '100 s',
    ]);
  });
});
