import {execFileSync} from 'node:child_process';
import {describe, expect, it} from 'vitest';
import {FileState} from '../graph/file-state.ts';
import {CC, CXX, plant, ScanRig} from '../test/scan-rig.ts';
import {parseSearchLists} from './search-lists.ts';
import {chainsOf, SearchPaths} from './search-path.ts';

const SITUATIONS: Readonly<Record<string, string>> = {
  'the user gives none': '',
  'kinds are mixed': '-I a -isystem s -iquote q -idirafter z -I b -iquote p -isystem t',
  'a directory is given twice, by different spellings': '-I a -I ./a -I a/ -I b/../a -I b',
  'a directory is of the user and of the system': '-I a -I b -isystem a -idirafter b',
  'quote directories are elsewhere too': '-iquote a -iquote b -I b -isystem a -iquote ./b',
  'a built-in directory is given': '-I /usr/include -isystem /usr/include -I a',
  'directories are absent or files': '-I none -I a -I file -isystem nowhere/s -isystem s',
  'a directory is behind a symlink': '-I link -I a -isystem link2',
  'nothing is built in': '-nostdinc -I a -isystem s',
};

const TREE = {
  'a/': '',
  'b/': '',
  'p/': '',
  'q/': '',
  's/': '',
  't/': '',
  'z/': '',
  file: '',
  link: '-> a',
  link2: '-> s',
};

/** The lists as the compiler prints them. */
function printed(
  program: string,
  language: string,
  flags: string,
  options: {cwd: string; env: NodeJS.ProcessEnv},
) {
  const args = [...flags.split(' ').filter(word => word !== ''), '-E', '-v', '-x', language, '/dev/null'];
  const child = execFileSync('sh', ['-c', 'exec "$0" "$@" 2>&1 >/dev/null', program, ...args], {
    ...options,
    env: {...options.env, LC_ALL: 'C'},
  });
  const lists = parseSearchLists(child.toString());
  if (!lists.ok) throw new Error(lists.error.text);
  return lists.value;
}

async function check(program: string, flags: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const cwd = plant(TREE);
  const language = program.includes('++') ? 'c++' : 'c';
  const rig = new ScanRig(cwd, env);
  const command = `${program} ${flags} -x ${language} -c x.c`.replace(/ +/g, ' ');
  const path = await rig.search(command);
  const files = new FileState();
  const chains = chainsOf(path, files);
  const shown = (prefix: string) => files.stat(prefix)?.kind === 'directory';
  const physical = (paths: readonly string[]) =>
    paths.map(directory => files.physical(directory.startsWith('/') ? directory : `${cwd}/${directory}`));
  const ours = {
    quote: physical(chains.quote.map(({prefix}) => prefix).filter(shown)),
    bracket: physical(chains.bracket.map(({prefix}) => prefix).filter(shown)),
  };
  const theirs = printed(program, language, flags, {cwd, env: {...process.env, ...env}});
  expect(ours).toEqual({
    quote: physical([...theirs.quote, ...theirs.bracket]),
    bracket: physical(theirs.bracket),
  });
}

describe.each([...CC, ...CXX])('search lists of %s', program => {
  it.each(Object.entries(SITUATIONS))('are the compiler’s own where %s', async (_, flags) => {
    await check(program, flags);
  });

  it('take directories from the environment', async () => {
    await check(program, '-I a -isystem s', {
      CPATH: 'b::a',
      C_INCLUDE_PATH: 't:q',
      CPLUS_INCLUDE_PATH: 'p:t',
    });
  });

  it('leave to the compiler what is given in a way of its own', async () => {
    await check(program, '-iprefix p -iwithprefix /x -I a');
  });
});

describe('SearchPaths', () => {
  const request = {
    compiler: 'gcc',
    family: 'gcc' as const,
    language: 'c',
    cwd: '/',
    env: process.env,
    baseFlags: [],
    quote: [],
    system: [],
    after: [],
    embed: [],
  };

  it('gives the identical path for equal requests', async () => {
    const paths = new SearchPaths();
    const [one, two, other] = await Promise.all([
      paths.find({...request, angle: ['a']}),
      paths.find({...request, angle: ['a']}),
      paths.find({...request, angle: ['b']}),
    ]);
    expect(one.ok && two.ok && one.value === two.value).toBe(true);
    expect(other).not.toEqual(one);
  });

  it('says so when there is no such compiler, or it is none', async () => {
    const paths = new SearchPaths();
    for (const compiler of ['/nowhere/gcc', 'true'])
      expect(await paths.find({...request, compiler, angle: []})).toMatchObject({
        ok: false,
        error: {reason: 'search-path-unknown'},
      });
  });
});
