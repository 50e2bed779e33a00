import {describe, expect, it} from 'vitest';
import {readToolCommand, toolNames} from './tool-command.ts';

describe('the command of a tool', () => {
  it.each([
    ['gen -o a.h a.def', {args: ['gen', '-o', 'a.h', 'a.def']}],
    ['cd /b/sub && /b/gen a', {args: ['/b/gen', 'a'], directory: '/b/sub'}],
    ['cd "/b/a dir" && gen', {args: ['gen'], directory: '/b/a dir'}],
    ['gen a > a.h', {args: ['gen', 'a'], stdout: 'a.h'}],
    ["gen a > 'a b.h'", {args: ['gen', 'a'], stdout: 'a b.h'}],
    ["gen 'a > b'", {args: ['gen', 'a > b']}],
    [
      'cd /b && gen -d x.d && /usr/bin/cmake -E cmake_transform_depfile Ninja gccdepfile /s /s/c /b /b/c /b/c/x.d /b/y.d',
      {
        args: ['gen', '-d', 'x.d'],
        directory: '/b',
        transform: {binary: '/b', currentBinary: '/b/c', from: '/b/c/x.d', to: '/b/y.d'},
      },
    ],
  ])('is read from %j', (command, tool) => {
    expect(readToolCommand(command, {})).toEqual({ok: true, tool: {envChanges: [], ...tool}});
  });

  it('has the variables that are set in front of it', () => {
    expect(readToolCommand('cmake -E env A=1 gen a', {})).toMatchObject({
      ok: true,
      tool: {args: ['gen', 'a'], envChanges: [{name: 'A', value: '1'}]},
    });
  });

  it.each([
    ['gen a && touch b', 'shell-construct'],
    ['gen a | sed b > c', 'shell-construct'],
    ['gen $HOME', 'shell-construct'],
    ['gen a >> b', 'shell-construct'],
    ['gen a 2> b', 'shell-construct'],
    ['gen a > b > c', 'shell-construct'],
    ['cd /b && cd c && gen', 'shell-construct'],
    ['cd /b &&', 'shell-construct'],
    ['cmake -E env --modify X=set:1 gen', 'launcher-options'],
    ['env LD_LIBRARY_PATH=/x gen', 'environment-change'],
  ])('is not guessed from %j', (command, reason) => {
    expect(readToolCommand(command, {})).toMatchObject({ok: false, local: {reason}});
  });
});

describe('what a command may be called by', () => {
  it.each([
    ['cd /b && /b/bin/gen -o a', 'gen'],
    ['/usr/bin/python3 -B /s/tools/make_table.py x', 'make_table.py'],
    ['"/a b/gen" x | sed y', 'sed'],
    ['/usr/bin/cmake -E env A=1 /b/gen x', 'gen'],
    ['/s/join.sh a b', 'join.sh'],
  ])('in %j is %j among others', (command, name) => {
    expect(toolNames(command)).toContain(name);
  });

  it('is no word that is only an argument', () => {
    expect(toolNames('/b/gen /s/other -o x')).toEqual(['gen']);
  });
});
