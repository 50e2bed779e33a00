/** Holds the import rules of ARCHITECTURE.md: which room may know which, and that no imports go round in a circle. */
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative, resolve} from 'node:path';
import {describe, expect, it} from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** What each room may import besides itself, node's own modules and packages. `''` is the files directly in src/. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/protocol': [],
  'src/graph': ['src/protocol', 'src/failure.ts'],
  'src/toolchain': ['src/graph', 'src/protocol', 'src/failure.ts'],
  'src/frontends': [
    'src/toolchain',
    'src/graph',
    'src/protocol',
    'src/failure.ts',
    'src/process.ts',
    'src/v8-flags.ts',
  ],
  'src/scheduler': [
    'src/toolchain',
    'src/graph',
    'src/protocol',
    'src/failure.ts',
    'src/event.ts',
    'src/process.ts',
  ],
  'src/remote': [
    'src/toolchain',
    'src/graph',
    'src/protocol',
    'src/failure.ts',
    'src/process.ts',
    'src/directory-lock.ts',
  ],
  'src/make': ['src/protocol', 'src/toolchain', 'src/scheduler/slots.ts', 'src/failure.ts'],
  'src/watch': ['src/protocol', 'src/process.ts'],
  'src/ui': ['src/event.ts', 'src/failure.ts'],
  'src/options': ['src/frontends', 'src/failure.ts'],
  'src/engine': [
    'src/options',
    'src/frontends',
    'src/scheduler',
    'src/remote',
    'src/toolchain',
    'src/graph',
    'src/protocol',
    'src/ui/run-reasons.ts',
    'src/failure.ts',
    'src/event.ts',
    'src/process.ts',
    'src/directory-lock.ts',
  ],
  lambda: ['src/protocol'],
};

const sources = [...filesBelow('src'), ...filesBelow('lambda')].filter(
  file => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('src/test/'),
);
const imports = new Map(sources.map(file => [file, importsOf(file)]));

describe('imports', () => {
  it.each(sources)('%s imports only what its room may know', file => {
    const room = Object.keys(ALLOWED).find(name => file.startsWith(`${name}/`));
    if (room === undefined) return;
    const mayImport = [room, ...ALLOWED[room]!];
    const others = imports
      .get(file)!
      .filter(target => !mayImport.some(allowed => target === allowed || target.startsWith(`${allowed}/`)));
    expect(others).toEqual([]);
  });

  it('have no cycles, type imports included', () => {
    const cycles: string[] = [];
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      if (done.has(file)) return;
      for (const target of imports.get(file) ?? []) walk(target, [...path, file]);
      done.add(file);
    };
    for (const file of sources) walk(file, []);
    expect(cycles).toEqual([]);
  });

  it('reach files that exist, and enough of them for this test to mean something', () => {
    const all = [...imports.values()].flat();
    expect(all.filter(target => !sources.includes(target))).toEqual([]);
    expect(all.length).toBeGreaterThan(200);
  });

  it('leave the end of the process to cli.ts and the second interruption', () => {
    const exits = sources.filter(file => /process\.exit\(/.test(readFileSync(join(ROOT, file), 'utf8')));
    expect(exits.filter(file => !file.startsWith('lambda/'))).toEqual([
      'src/cli.ts',
      'src/commands/interruption.ts',
    ]);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile())
    .map(entry => relative(ROOT, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(match => relative(ROOT, resolve(ROOT, dirname(file), match[1]!)));
}
