import {describe, expect, it} from 'vitest';
import {changedEnvironment, workerEnvironment} from './environment.ts';

const OWN = {pwd: '/home/me/build', path: '/usr/bin', locale: 'C.UTF-8'};

describe('the environment of a compile on a worker', () => {
  it('holds what can change a compile, and nothing else of the user’s', () => {
    const env = {
      HOME: '/home/me',
      PATH: '/opt/bin:/usr/bin',
      LD_PRELOAD: '/x.so',
      AWS_SECRET_ACCESS_KEY: 'secret',
      CPATH: '/inc',
      LANG: 'de_DE.UTF-8',
      LC_ALL: 'fr_FR.UTF-8',
      LC_MESSAGES: 'it_IT.UTF-8',
      SOURCE_DATE_EPOCH: '1',
      GCC_COLORS: '',
      PWD: '/elsewhere',
    };
    expect(workerEnvironment(env, OWN)).toEqual({
      CPATH: '/inc',
      LANG: 'de_DE.UTF-8',
      LC_MESSAGES: 'it_IT.UTF-8',
      SOURCE_DATE_EPOCH: '1',
      GCC_COLORS: '',
      LC_ALL: 'C.UTF-8',
      PATH: '/usr/bin',
      PWD: '/home/me/build',
    });
  });

  it.each([
    'LANG LANGUAGE LC_CTYPE CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH OBJC_INCLUDE_PATH GCC_EXEC_PREFIX COMPILER_PATH',
    'SOURCE_DATE_EPOCH TZ GCC_COLORS CCC_OVERRIDE_OPTIONS',
  ])('has %s', names => {
    for (const name of names.split(' ')) {
      expect(workerEnvironment({[name]: 'value'}, OWN)[name]).toBe('value');
      expect(JSON.stringify(workerEnvironment({}, OWN))).not.toBe(
        JSON.stringify(workerEnvironment({[name]: ''}, OWN)),
      );
    }
  });

  it('is the same text whatever order the variables came in', () => {
    const one = workerEnvironment({LC_B: '1', CPATH: '2', LANG: '3', LC_A: '4'}, OWN);
    const other = workerEnvironment({LANG: '3', LC_A: '4', LC_B: '1', CPATH: '2'}, OWN);
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  });
});

describe('what a launcher changes', () => {
  it('is applied in order, and the user’s own environment stays as it is', () => {
    const env = {A: '1', B: '2'};
    const changed = changedEnvironment(env, [
      {name: 'A', value: undefined},
      {name: 'C', value: '3'},
      {name: 'C', value: '4'},
    ]);
    expect(changed).toEqual({B: '2', C: '4'});
    expect(env).toEqual({A: '1', B: '2'});
    expect(changedEnvironment(env, [])).toBe(env);
  });
});
