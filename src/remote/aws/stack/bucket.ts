/** What bootstrapping does to the bucket itself: the function's code goes in, and at the end everything goes out. */
import {digestOf} from '../../../protocol/digest.ts';
import type {Control} from '../control.ts';
import {PREFIX} from './template.ts';

/** Puts the function's code under its digest; answers the key. */
export async function putCode({s3, sdk}: Control, bucket: string, zip: Buffer): Promise<string> {
  const digest = digestOf(zip);
  const key = codeKey(digest);
  try {
    await s3.send(
      new sdk.PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: zip,
        ChecksumSHA256: Buffer.from(digest, 'hex').toString('base64'),
        IfNoneMatch: '*',
      }),
    );
  } catch (error) {
    if ((error as {$metadata?: {httpStatusCode?: number}}).$metadata?.httpStatusCode !== 412) throw error;
  }
  return key;
}

export function codeKey(digest: string): string {
  return `${PREFIX.code}${digest}.zip`;
}

/** Deletes every object; answers how many there were. A bucket that is gone is empty. */
export async function emptyBucket({s3, sdk}: Control, bucket: string): Promise<number> {
  let count = 0;
  for (;;) {
    let keys: {Key: string}[];
    try {
      const {Contents} = await s3.send(new sdk.ListObjectsV2Command({Bucket: bucket}));
      keys = (Contents ?? []).map(({Key}) => ({Key: Key!}));
    } catch (error) {
      if ((error as Error).name === 'NoSuchBucket') return count;
      throw error;
    }
    if (keys.length === 0) return count;
    const {Errors} = await s3.send(
      new sdk.DeleteObjectsCommand({Bucket: bucket, Delete: {Objects: keys, Quiet: true}}),
    );
    const [fault] = Errors ?? [];
    if (fault) throw new Error(`cannot delete ${fault.Key}: ${fault.Message}`);
    count += keys.length;
  }
}
