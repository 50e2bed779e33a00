import {describe, expect, it} from 'vitest';
import {ccacheConfigFault} from './ccache-config.ts';

function check(env: Record<string, string>, files: Record<string, string>, detail: string | undefined): void {
  const fault = ccacheConfigFault(env, path => files[path]);
  expect(fault).toEqual(detail === undefined ? undefined : {reason: 'launcher-settings', detail});
}

describe('ccacheConfigFault', () => {
  const home = {HOME: '/h'};

  it('finds settings that change paths or the compiler', () => {
    check(
      home,
      {'/h/.config/ccache/ccache.conf': 'max_size = 5G\nbase_dir = /h\n'},
      '/h/.config/ccache/ccache.conf: base_dir = /h',
    );
    check(home, {'/etc/ccache.conf': 'prefix_command=distcc'}, '/etc/ccache.conf: prefix_command = distcc');
    check({CCACHE_DIR: '/c'}, {'/c/ccache.conf': 'umask=002'}, '/c/ccache.conf: umask = 002');
  });

  it('passes the rest', () => {
    check(home, {}, undefined);
    check(home, {'/h/.ccache/ccache.conf': '# base_dir = /h\nbase_dir =\nmax_size = 5G'}, undefined);
    check({...home, CCACHE_CONFIGPATH: '/x'}, {'/etc/ccache.conf': 'base_dir=/'}, undefined);
  });
});
