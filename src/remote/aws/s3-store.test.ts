import {compress} from '@mongodb-js/zstd';
import {describe, expect, it} from 'vitest';
import {digestOf} from '../../protocol/digest.ts';
import {noCounts} from '../counts.ts';
import type {Bucket} from './bucket.ts';
import {Controller} from './controller.ts';
import {KnownObjects} from './known-objects.ts';
import {S3Store} from './s3-store.ts';

/** A request: what for, its key, and whether it leaves what is there. */
type Sent = readonly ['get' | 'head' | 'put', string, boolean?];

const NOT_THERE = Object.assign(new Error('NotFound'), {name: 'NotFound', $metadata: {httpStatusCode: 404}});
const DENIED = Object.assign(new Error('Forbidden'), {name: '403', $metadata: {httpStatusCode: 403}});
const LIST = Buffer.from('a list');
const NAME = digestOf(LIST);

/** `head`: what S3 says when it is asked for an object. `got`: what it gives. */
function rig(head: Error | undefined, got?: Buffer) {
  const sent: Sent[] = [];
  const counts = noCounts();
  const bucket: Pick<Bucket, 'get' | 'head' | 'put'> = {
    async head(key) {
      sent.push(['head', key]);
      if (head) throw head;
    },
    async put(key, _, {keepsOther}) {
      sent.push(['put', key, keepsOther]);
      return 'made';
    },
    async get(key) {
      sent.push(['get', key]);
      if (!got) throw NOT_THERE;
      return got;
    },
  };
  const store = new S3Store({
    bucket,
    controller: new Controller({service: 'S3', first: 4, most: 4, onRetry: () => {}}),
    known: new KnownObjects('/nonexistent/known.json'),
    counts,
    signal: new AbortController().signal,
  });
  let reads = 0;
  const content = (isLasting: boolean) => () => ({
    list: LIST,
    blobs: [digestOf('a blob')],
    read: () => {
      reads++;
      return Buffer.from('a blob');
    },
    isLasting,
  });
  const kinds = () => sent.map(([kind]) => kind);
  return {store, sent, counts, kinds, content, reads: () => reads};
}

describe('a pack', () => {
  it('is put without a question where it is headers, and once', async () => {
    const {store, sent, content} = rig(undefined);
    await Promise.all([store.packs.put(NAME, content(false)), store.packs.put(NAME, content(false))]);
    await store.packs.put(NAME, content(false));
    expect(sent).toEqual([['put', `packs/${NAME}`, true]]);
  });

  it('of a compiler is not made where somebody else has put it already', async () => {
    const {store, kinds, content, reads, counts} = rig(undefined);
    await store.packs.put(NAME, content(true));
    await store.packs.put(NAME, content(true));
    expect(kinds()).toEqual(['head']);
    expect([reads(), counts.head, counts.put]).toEqual([0, 1, 0]);
  });

  it.each([
    ['is not there', NOT_THERE],
    ['may not be asked for', DENIED],
  ])('of a compiler is put where it %s', async (_, head) => {
    const {store, kinds, content, reads} = rig(head);
    await store.packs.put(NAME, content(true));
    expect(kinds()).toEqual(['head', 'put']);
    expect(reads()).toBe(1);
  });

  it('that a worker found damaged takes the place of what is there', async () => {
    const {store, sent, content} = rig(undefined);
    await store.packs.put(NAME, content(false));
    store.forget([NAME], 'blob-missing');
    await store.packs.put(NAME, content(false));
    store.forget([NAME], 'blob-corrupt');
    await store.packs.put(NAME, content(true));
    store.forget([NAME], 'blob-missing');
    await store.packs.put(NAME, content(false));
    expect(sent.map(([kind, , keeps]) => [kind, keeps])).toEqual(
      [true, true, false, true].map(keeps => ['put', keeps]),
    );
  });
});

describe('an output', () => {
  const OUTPUT = Buffer.from('object'.repeat(1000));

  it('comes as a frame, which is what is counted', async () => {
    const frame = await compress(OUTPUT);
    const {store, sent, counts} = rig(undefined, frame);
    expect(await store.get(digestOf(OUTPUT))).toEqual(OUTPUT);
    expect(sent).toEqual([['get', `out/${digestOf(OUTPUT)}.zst`]]);
    expect(counts).toMatchObject({get: 1, bytesDown: frame.length});
  });

  it.each([
    ['another one', compress(Buffer.from('other'))],
    ['no frame', Promise.resolve(OUTPUT)],
  ])('in whose place there is %s is damaged', async (_, frame) => {
    const {store} = rig(undefined, await frame);
    await expect(store.get(digestOf(OUTPUT))).rejects.toMatchObject({reason: 'blob-corrupt'});
  });

  it('that is not there is missing', async () => {
    await expect(rig(undefined).store.get(digestOf(OUTPUT))).rejects.toMatchObject({reason: 'blob-missing'});
  });
});
