import {unlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {FileState} from '../graph/file-state.ts';
import {digestOf} from '../protocol/digest.ts';
import {plant} from '../test/scan-rig.ts';
import {parseCompile} from '../toolchain/command-line.ts';
import type {ToolchainIdentity} from '../toolchain/identify.ts';
import {Discovery} from './discovery.ts';

/** One process' worth of discovery in one directory; `command` has no quotes. */
class Rig {
  readonly files = new FileState();
  readonly #discovery = new Discovery(this.files, plant({}));
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async discover(command: string, more: readonly string[] = []) {
    const parsed = parseCompile(command.split(' '));
    if (parsed.kind !== 'compile') throw new Error(`${parsed.why}: ${command}`);
    const found = await this.#discovery.discover({
      compile: parsed.compile,
      identity: {found: 'gcc', kind: 'gcc'} as unknown as ToolchainIdentity,
      directory: this.#directory,
      pwd: this.#directory,
      env: process.env,
      more: more.map(name => join(this.#directory, name)),
      stamp: 0n,
    });
    if (found.kind !== 'found') throw new Error('not found');
    return found.value;
  }
}

describe('the time of day', () => {
  it('is asked for by sources, and by files that a worker turned out to want', async () => {
    const rig = new Rig(
      plant({'a.c': '#include "a.h"\n', 'a.h': '__TIME__', 'b.c': '', 'late.h': '__TIMESTAMP__'}),
    );
    expect(await rig.discover('gcc -nostdinc -c a.c')).toMatchObject({
      readsClock: true,
      readsFileTime: false,
    });
    expect(await rig.discover('gcc -nostdinc -c b.c')).toMatchObject({readsClock: false});
    expect(await rig.discover('gcc -nostdinc -c b.c', ['late.h'])).toMatchObject({
      readsClock: true,
      readsFileTime: true,
    });
  });

  it('is not asked for by data, whatever stands in it', async () => {
    const rig = new Rig(
      plant({
        'a.c': 'asm(".incbin \\"blob\\"");\n',
        blob: '__DATE__ __TIMESTAMP__',
        'p.profdata': '__TIME__',
      }),
    );
    const found = await rig.discover('gcc -nostdinc -fprofile-use=p.profdata -c a.c');
    expect(found.inputs.files.map(({name}) => name).sort()).toEqual(['a.c', 'blob', 'p.profdata']);
    expect(found).toMatchObject({readsClock: false, readsFileTime: false});
  });
});

describe('a file that changes within an epoch', () => {
  it('is one to all its spellings, as the first look found it', async () => {
    const directory = plant({
      'a.c': '#include "s/h.h"\n',
      'b.c': '#include "b/../s/h.h"\n',
      's/h.h': 'one',
      'b/': '',
    });
    const rig = new Rig(directory);
    await rig.discover('gcc -nostdinc -c a.c');
    writeFileSync(join(directory, 's/h.h'), 'two');
    const {inputs} = await rig.discover('gcc -nostdinc -c b.c');
    const header = inputs.files.filter(({name}) => name === 'h.h');
    expect(header.map(({file}) => file[1])).toEqual(header.map(() => digestOf('one')));
  });
});

describe('a header that vanished after its directory was listed', () => {
  it('is found further along the path, also where a flag names it', async () => {
    const directory = plant({'a.c': 'int a;\n', 'one/h.h': '-> gone.h', 'one/gone.h': '', 'two/h.h': ''});
    const rig = new Rig(directory);
    const command = 'gcc -nostdinc -I one -I two -include h.h -c a.c';
    const names = async () => {
      const {inputs} = await rig.discover(command);
      return inputs.files.map(({path}) => path.slice(directory.length + 1)).sort();
    };
    expect(await names()).toEqual(['a.c', 'one/h.h']);
    rig.files.newEpoch();
    // Listed again, with the link; only then is its target gone.
    rig.files.names(`${directory}/one/`);
    unlinkSync(join(directory, 'one/gone.h'));
    expect(await names()).toEqual(['a.c', 'two/h.h']);
  });
});
