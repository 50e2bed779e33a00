import {describe, expect, it} from 'vitest';
import {stripLaunchers} from './launcher.ts';

function check(command: string, argv: string, launchers: string[], envChanges: object[] = []): void {
  expect(stripLaunchers(command.split(' '), {})).toEqual({
    ok: true,
    argv: argv.split(' '),
    launchers,
    envChanges,
  });
}

function refuse(command: string, reason: string, detail: string, env: Record<string, string> = {}): void {
  expect(stripLaunchers(command.split(' '), env)).toEqual({ok: false, local: {reason, detail}});
}

describe('stripLaunchers', () => {
  it('leaves a command without launchers alone', () => {
    check('g++ -c a.cc', 'g++ -c a.cc', []);
    check('ar qc lib.a a.o', 'ar qc lib.a a.o', []);
  });

  it('takes caches and distributors off, also several', () => {
    check('/usr/bin/ccache g++ -c a.cc', 'g++ -c a.cc', ['ccache']);
    check('sccache gcc @x.rsp', 'gcc @x.rsp', ['sccache']);
    check('ccache distcc gcc -c a.c', 'gcc -c a.c', ['ccache', 'distcc']);
    check('icecc clang++ -c a.cc', 'clang++ -c a.cc', ['icecc']);
    check('ccache max_size=5G gcc -c a.c', 'gcc -c a.c', ['ccache']);
  });

  it('leaves a launcher that launches nothing', () => {
    check('ccache -s', 'ccache -s', []);
    check('ccache', 'ccache', []);
    check('cmake -E copy a b', 'cmake -E copy a b', []);
    check('cmake --build .', 'cmake --build .', []);
  });

  it('collects changes to the environment', () => {
    check('env LANG=C gcc -c a.c', 'gcc -c a.c', ['env'], [{name: 'LANG', value: 'C'}]);
    check(
      'env -u A --unset=B C= gcc',
      'gcc',
      ['env'],
      [
        {name: 'A', value: undefined},
        {name: 'B', value: undefined},
        {name: 'C', value: ''},
      ],
    );
    check(
      '/usr/bin/cmake -E env --unset=A B=c -- ccache gcc -c a.c',
      'gcc -c a.c',
      ['cmake', 'ccache'],
      [
        {name: 'A', value: undefined},
        {name: 'B', value: 'c'},
      ],
    );
  });

  it("undoes CMake's co-compile form when no linter runs", () => {
    check('cmake -E __run_co_compile --source=a.cc -- g++ -c a.cc', 'g++ -c a.cc', ['cmake']);
    check('cmake -E __run_co_compile --launcher=ccache;distcc --source=a.cc -- g++ -c a.cc', 'g++ -c a.cc', [
      'cmake',
      'ccache',
      'distcc',
    ]);
  });

  it('stays local with a linter', () => {
    for (const option of ['--tidy=clang-tidy', '--iwyu=iwyu', '--cpplint=cpplint', '--cppcheck=cppcheck']) {
      refuse(`cmake -E __run_co_compile ${option} --source=a.cc -- g++ -c a.cc`, 'lint-wrapper', option);
    }
  });

  it('stays local when settings of ccache change what is compiled', () => {
    refuse('ccache gcc -c a.c', 'launcher-settings', 'CCACHE_BASEDIR', {CCACHE_BASEDIR: '/home'});
    refuse('ccache gcc -c a.c', 'launcher-settings', 'CCACHE_PREFIX', {CCACHE_PREFIX: 'distcc'});
    refuse('env CCACHE_BASEDIR=/x ccache gcc -c a.c', 'launcher-settings', 'CCACHE_BASEDIR');
    refuse('ccache base_dir=/x gcc -c a.c', 'launcher-settings', 'base_dir=/x');
    refuse('ccache prefix_command=time gcc -c a.c', 'launcher-settings', 'prefix_command=time');
  });

  it('ignores settings of ccache that are empty, taken away, or meant for another launcher', () => {
    const env = {CCACHE_BASEDIR: '/home'};
    expect(stripLaunchers(['sccache', 'gcc'], env)).toMatchObject({ok: true});
    expect(stripLaunchers(['env', '-u', 'CCACHE_BASEDIR', 'ccache', 'gcc'], env)).toMatchObject({ok: true});
    expect(stripLaunchers(['ccache', 'gcc'], {CCACHE_BASEDIR: ''})).toMatchObject({ok: true});
  });

  it('stays local when programs would be found elsewhere or options are unknown', () => {
    refuse('env PATH=/x gcc -c a.c', 'environment-change', 'PATH');
    refuse('env LD_PRELOAD=x.so gcc -c a.c', 'environment-change', 'LD_PRELOAD');
    refuse('env -i gcc -c a.c', 'launcher-options', '-i');
    refuse('cmake -E env --modify PATH=set:x gcc', 'launcher-options', '--modify');
  });
});
