import {lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {noCounts} from '../remote/counts.ts';
import {SummaryOfEach} from './summary-file.ts';

const TOTALS = {cloud: {counts: noCounts(), cost: () => 0}, engine: {discoveryCpu: 0, ninjaRuns: 0}};

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'llama-summary-'));
  onTestFinished(() => rmSync(path, {recursive: true, force: true}));
  return path;
}

function write(file: string): void {
  const summary = new SummaryOfEach(file, TOTALS);
  summary.begin();
  summary.end('built');
}

it('is a new file each time, with nothing left beside it', () => {
  const top = folder();
  const file = join(top, 'a.json');
  writeFileSync(file, 'before');
  const before = lstatSync(file).ino;
  write(file);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({schema: 1, result: 'built'});
  expect(lstatSync(file).ino).not.toBe(before);
  expect(readdirSync(top)).toEqual(['a.json']);
});

it('goes where a link leads, which stays', () => {
  const top = folder();
  symlinkSync('real.json', join(top, 'link.json'));
  write(join(top, 'link.json'));
  expect(lstatSync(join(top, 'link.json')).isSymbolicLink()).toBe(true);
  expect(JSON.parse(readFileSync(join(top, 'real.json'), 'utf8'))).toMatchObject({result: 'built'});
});
