import {describe, expect, it} from 'vitest';
import {Credentials} from './credentials.ts';

function rig() {
  const made: boolean[] = [];
  const credentials = new Credentials(({isRenewed}) => {
    made.push(isRenewed);
    const accessKeyId = `key${made.length}`;
    return async () => ({accessKeyId, secretAccessKey: 's'});
  });
  return {credentials, made, key: async () => (await credentials.provider()).accessKeyId};
}

describe('credentials', () => {
  it('stay until they are renewed', async () => {
    const {credentials, made, key} = rig();
    expect([await key(), await key()]).toEqual(['key1', 'key1']);
    await credentials.refresh(performance.now());
    expect(await key()).toBe('key2');
    expect(made).toEqual([false, true]);
  });

  it('are renewed once for all who found them expired', async () => {
    const {credentials, made, key} = rig();
    const since = performance.now();
    await Promise.all([credentials.refresh(since), credentials.refresh(since)]);
    await credentials.refresh(since);
    expect(made).toHaveLength(2);
    await credentials.refresh(performance.now());
    expect(await key()).toBe('key3');
  });

  it('stay as they are where there are no others', async () => {
    let isThere = true;
    const credentials = new Credentials(() => async () => {
      if (!isThere) throw new Error('nobody is logged in');
      return {accessKeyId: 'key', secretAccessKey: 's'};
    });
    isThere = false;
    await expect(credentials.refresh(performance.now())).rejects.toThrow('nobody is logged in');
    isThere = true;
    expect((await credentials.provider()).accessKeyId).toBe('key');
  });
});
