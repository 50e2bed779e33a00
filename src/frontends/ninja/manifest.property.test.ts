import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import {expect, it} from 'vitest';
import {NINJAS, ninjaFolder} from '../../test/ninja-folder.ts';
import {Random} from '../../test/random.ts';
import {parseBuildLog} from './build-log.ts';
import {loadManifest} from './manifest.ts';

const NAMES = [
  'o 1',
  "it's",
  'a$b',
  'c:d',
  'größe',
  'q"r',
  'x|y',
  'plain',
  './dotted//name',
  'sub/../up',
  '-dash',
];
/** Nothing in it means anything to a shell that runs `:` with it. */
const LITERALS = ['x', ' ', '-D', '=', '.', ',', 'ä', '  y', '$$', '$:', '$ ', '%', ':', '@'];
const VARIABLES = ['a', 'b', 'c.d', 'e-f', 'flags'];

/** A manifest of two files, whose every command may be run. */
class Generator {
  readonly #random: Random;
  #made: string[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  files(): Record<string, string> {
    const sub = this.#file(4, 'sub');
    return {
      'build.ninja': `bar = |\n${this.#file(6, 'top')}subninja more.ninja\n${this.#bindings('')}`,
      'more.ninja': sub,
    };
  }

  #file(edges: number, prefix: string): string {
    const rules = Array.from({length: 3}, (_, i) => this.#rule(`${prefix}${i}`)).join('');
    const all = Array.from({length: edges}, () => this.#edge(prefix) + this.#bindings('')).join('');
    return this.#bindings('') + rules + all;
  }

  #rule(name: string): string {
    const chance = () => this.#random.below(3) === 0;
    const description = chance() ? `  description = ${this.#text()}\n` : '';
    const command = `  command = : ${this.#text()} $in ${this.#text()} $out ${chance() ? '$description' : ''}\n`;
    const rsp = chance() ? `  rspfile = $out.rsp\n  rspfile_content = ${this.#text()} $in_newline\n` : '';
    const flags = `${chance() ? '  restat = $a\n' : ''}${chance() ? '  depfile = $out.d\n' : ''}`;
    return `rule ${name}\n${description}${command}${rsp}${flags}`;
  }

  #edge(prefix: string): string {
    const number = this.#made.length;
    const outs = Array.from(
      {length: 1 + this.#random.below(3)},
      (_, i) => `${this.#random.pick(NAMES)}${number}${i}`,
    );
    const ins = Array.from({length: 1 + this.#random.below(3)}, () =>
      this.#made.length > 0 && this.#random.below(2) === 0 ? this.#random.pick(this.#made) : 'build.ninja',
    );
    this.#made.push(...outs);
    const list = (paths: string[], bar: string) =>
      paths.map((path, i) => (i === 1 ? `${bar} ` : '') + escapePath(path)).join(' $\n    ');
    const own = this.#random.below(2) === 0 ? this.#bindings('  ') : '';
    return `build ${list(outs, '|')}: ${prefix}${this.#random.below(3)} ${list(ins, this.#random.pick(['', '|', '||']))}\n${own}`;
  }

  #bindings(indent: string): string {
    return Array.from(
      {length: 1 + this.#random.below(2)},
      () => `${indent}${this.#random.pick(VARIABLES)} = ${this.#text()}\n`,
    ).join('');
  }

  #text(): string {
    return Array.from({length: this.#random.below(4)}, () =>
      this.#random.below(2) === 0 ? this.#random.pick(LITERALS) : `\${${this.#random.pick(VARIABLES)}}`,
    ).join('');
  }
}

function escapePath(path: string): string {
  return path.replaceAll(/[$ :]/g, '$$$&').replaceAll('|', `$\{bar}`);
}

it('evaluates and hashes the commands of random manifests as a real ninja does', () => {
  const folder = ninjaFolder();
  let run = 0;
  fc.assert(
    fc.property(fc.integer(), seed => {
      const place = `run${run}`;
      const ninja = NINJAS[run++ % NINJAS.length]!;
      mkdirSync(join(folder.path, place));
      for (const [name, text] of Object.entries(new Generator(seed).files())) {
        writeFileSync(join(folder.path, place, name), text);
      }
      const directory = join(folder.path, place);
      const {graph} = loadManifest({directory, file: 'build.ninja', hashKind: 'murmur'});

      const database = folder.ninja(['-C', place, '-t', 'compdb'], ninja);
      expect(database.stderr).toBe('');
      const from = database.stdout.indexOf('[\n');
      const real: {output: string; command: string}[] = JSON.parse(database.stdout.slice(from));
      const edges = Array.from({length: graph.edgeCount}, (_, edge) => edge);
      expect(edges.map(edge => graph.text(edge, 'command')).sort()).toEqual(
        real.map(entry => entry.command).sort(),
      );
      for (const {output, command} of real) {
        expect(graph.text(graph.producer(graph.find(output)!), 'command')).toBe(command);
      }

      const built = folder.ninja(['-C', place, '-k0', '-j2'], ninja);
      expect(built.status, built.stdout + built.stderr).toBe(0);
      const log = readFileSync(join(directory, '.ninja_log'), 'utf8');
      const lines = [...parseBuildLog(log)];
      expect(new Set(lines.map(line => line.output)).size).toBe(graph.arrays.outs.length);
      for (const line of lines) {
        const edge = graph.producer(graph.find(line.output)!);
        expect(Array.from(graph.arrays.commandHash.subarray(2 * edge, 2 * edge + 2)), line.output).toEqual([
          ...line.hash,
        ]);
      }
    }),
    {numRuns: 12, seed: 20260701, endOnFailure: true},
  );
});
