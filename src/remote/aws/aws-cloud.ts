/** The cloud in an AWS account: a bucket, a function, and results that whoever uses the same bucket shares. */
import {setMaxListeners} from 'node:events';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {digestOf} from '../../protocol/digest.ts';
import type {Cloud} from '../cloud.ts';
import {countRetry, noCounts} from '../counts.ts';
import {connect} from './connection.ts';
import {Controller} from './controller.ts';
import {KnownObjects, knownObjectsFile} from './known-objects.ts';
import {LambdaInvoker} from './lambda-invoker.ts';
import {costOf, expectedCostOf, pricesIn} from './prices.ts';
import {S3Store} from './s3-store.ts';
import {SegmentResults} from './segment-results.ts';
import {addSpending, monthOf} from './spending.ts';
import {PREFIX, SCRATCH_MB} from './stack/template.ts';

export interface AwsCloudOptions {
  readonly region: string | undefined;
  readonly profile: string | undefined;
  readonly bucket: string;
  readonly functionName: string;
  /** Of the function. */
  readonly memoryMb: number;
  /** Invocations that may be under way at once. */
  readonly width: number;
  /** Physical path: results are shared by those who build in the same place. */
  readonly buildDirectory: string;
  /** Folder for what is remembered between builds. */
  readonly cacheDir: string;
  readonly writesResults: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly warn: (text: string) => void;
}

/** Requests to S3 that are best at once, by measurement. */
const STORE_WIDTH = {first: 64, most: 256};

/** For what is left to send at the end, in ms. */
const CLOSE_LIMIT = 30_000;

export async function openAwsCloud(options: AwsCloudOptions): Promise<Cloud> {
  const {width, cacheDir, env, memoryMb} = options;
  const connection = await connect({
    region: options.region,
    profile: options.profile,
    connections: Math.max(width, STORE_WIDTH.most),
    env,
  });
  const opened = Promise.all([
    connection.region(),
    connection.bucket(options.bucket),
    connection.function(options.functionName),
  ]);
  const [region, bucket, lambdaFunction] = await opened.catch(error => {
    connection.close();
    throw error;
  });
  const counts = noCounts();
  const refresh = (since: number) => connection.refreshCredentials(since);
  const storeController = new Controller({
    service: 'S3',
    ...STORE_WIDTH,
    onRetry: reason => countRetry(counts, `s3:${reason}`),
    refresh,
  });
  const lambdaController = new Controller({
    service: 'Lambda',
    first: width,
    most: width,
    onRetry: reason => {
      counts.invocationsRetried++;
      countRetry(counts, `lambda:${reason}`);
    },
    refresh,
  });
  const folder = join(cacheDir, 'aws', options.bucket);
  const known = new KnownObjects(knownObjectsFile(cacheDir, options.bucket));
  // What is finished is kept for others also after an interruption, so these end by themselves.
  const {signal} = new AbortController();
  setMaxListeners(0, signal);
  const place = digestOf(options.buildDirectory).slice(0, 16);
  const results = new SegmentResults({
    bucket,
    controller: storeController,
    counts,
    prefix: `${PREFIX.results}${place}/`,
    folder: join(folder, 'results', place),
    writes: options.writesResults,
    signal,
    warn: options.warn,
  });
  const priced = {memoryMb, scratchMb: SCRATCH_MB, prices: pricesIn(region)};
  return {
    store: new S3Store({bucket, controller: storeController, known, counts, signal}),
    results,
    invoker: new LambdaInvoker({
      function: lambdaFunction,
      memoryMb,
      controller: lambdaController,
      counts,
      width,
    }),
    counts,
    isAway: true,
    // What they have in common goes into one pack, so the more are looked into before the first is sent the better.
    preparedAhead: 1000,
    preparedAtOnce: 1,
    description: `AWS Lambda in ${region}, ${width} at once`,
    cost: () => costOf(counts, priced),
    expectedCost: of => expectedCostOf(of, priced),
    async close() {
      // A store that has gone silent must not keep the build from ending.
      await Promise.race([results.close(), delay(CLOSE_LIMIT, undefined, {ref: false})]);
      known.save();
      addSpending(join(folder, 'spent.json'), monthOf(new Date()), costOf(counts, priced));
      connection.close();
    },
  };
}
