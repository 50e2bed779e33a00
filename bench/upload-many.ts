/**
 * `upload-many FOLDER BUCKET`: puts the files of a folder into the store, as a build does with its headers, and starts as
 * one does.
 */
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {type Digest, digestOf} from '../src/protocol/digest.ts';
import {connect} from '../src/remote/aws/connection.ts';
import {Controller} from '../src/remote/aws/controller.ts';
import {KnownObjects} from '../src/remote/aws/known-objects.ts';
import {S3Store} from '../src/remote/aws/s3-store.ts';
import {noCounts} from '../src/remote/counts.ts';

export const isWorthKeeping = () => true;

async function main([folder = '', bucketName = '']: readonly string[]): Promise<void> {
  const connection = await connect({connections: 64, env: process.env});
  const bucket = await connection.bucket(bucketName);
  const counts = noCounts();
  const controller = new Controller({service: 'S3', first: 64, most: 64, onRetry: () => {}});
  const known = new KnownObjects('/nonexistent/known.json');
  const {signal} = new AbortController();
  const store = new S3Store({bucket, controller, known, counts, signal});
  const files = new Map<Digest, string>();
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name));
    files.set(digestOf(bytes), join(folder, name));
  }
  const list = Buffer.from([...files.keys()].join('\n'));
  await store.packs.put(digestOf(list), () => ({
    list,
    blobs: files.keys(),
    read: digest => readFileSync(files.get(digest)!),
    isLasting: false,
  }));
  const {user, system} = process.cpuUsage();
  process.stdout.write(JSON.stringify({pack: digestOf(list), puts: counts.put, cpu: (user + system) / 1000}));
  connection.close();
}

void main(process.argv.slice(2)).then(() => process.exit());
