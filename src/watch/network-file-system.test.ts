import {describe, expect, it} from 'vitest';
import {onNetwork} from './network-file-system.ts';

describe('a directory in a network file system', () => {
  it('is the first one of such a type, and named with it', () => {
    const types = new Map([
      ['/ext4', 0xef53],
      ['/nfs', 0x6969],
      ['/cifs', 0xff534d42],
    ]);
    expect(onNetwork(types.keys(), directory => types.get(directory)!)).toEqual({
      directory: '/nfs',
      name: 'nfs',
    });
    expect(onNetwork(['/cifs'], () => 0xff534d42 | 0)?.name).toBe('cifs');
  });

  it('is none that is missing, and none of this machine', () => {
    expect(onNetwork(['/proc/none', '/proc'])).toBeUndefined();
  });
});
