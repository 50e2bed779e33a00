/**
 * The worker as a process of the embedded cloud: requests as frames on standard input, answers in the same way on
 * standard output, one at a time. It ends when its input does, and takes a command in flight with it. What it says on
 * standard error is of its own faults alone.
 *
 * Settings: `LLAMA_SCRATCH` (this worker's own folder), `LLAMA_STORE` (the store's), and optionally `LLAMA_TOOLCHAINS`
 * (folder of unpacked toolchains, may be shared) and `LLAMA_PARKED` (bytes, see `HandlerSettings`).
 */

import {decodeFrames, encodeFrame} from '../src/protocol/frames.ts';
import type {InvocationRequest} from '../src/protocol/invocation.ts';
import {decodeRequest, encodeResponse} from '../src/protocol/message.ts';
import {DiskStore} from './disk-store.ts';
import {Worker} from './handler.ts';

async function main(): Promise<void> {
  const scratch = process.env.LLAMA_SCRATCH;
  const store = process.env.LLAMA_STORE;
  if (!scratch || !store) throw new Error('LLAMA_SCRATCH and LLAMA_STORE must be set');
  const ended = new AbortController();
  const toolchains = process.env.LLAMA_TOOLCHAINS;
  const parked = process.env.LLAMA_PARKED;
  const worker = new Worker({
    scratch,
    store: new DiskStore(store),
    signal: ended.signal,
    ...(toolchains && {toolchains}),
    ...(parked && {parkedLimit: Number(parked)}),
  });
  // A reader that is gone must end a command in flight as surely as a closed input does.
  process.stdout.on('error', () => process.exit(1));
  process.stdin.once('end', () => ended.abort());
  process.stdin.once('close', () => ended.abort());
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.once(signal, () => {
      ended.abort();
      process.exit(1);
    });
  for await (const request of decodeFrames(readAhead())) {
    const response = await worker.answer(asRequest(request));
    // Its end came first: what the command has left is not known.
    if (ended.signal.aborted) process.exit(0);
    await new Promise(resolve => process.stdout.write(encodeFrame(encodeResponse(response)), resolve));
  }
  worker.keepRoots();
  process.exit(0);
}

/** What is none is refused as one of another version is. */
function asRequest(message: Buffer): InvocationRequest {
  try {
    return decodeRequest(message);
  } catch {
    return {} as InvocationRequest;
  }
}

/** Standard input, read on even while a command runs: only so is its end noticed in time. */
async function* readAhead(): AsyncGenerator<Buffer> {
  const queue: Buffer[] = [];
  let ended = false;
  let wake = () => {};
  process.stdin.on('data', (chunk: Buffer) => {
    queue.push(chunk);
    wake();
  });
  const end = () => {
    ended = true;
    wake();
  };
  process.stdin.once('end', end).once('error', end);
  for (;;) {
    const chunk = queue.shift();
    if (chunk) yield chunk;
    else if (ended) return;
    else
      await new Promise<void>(resolve => {
        wake = resolve;
      });
  }
}

main().catch(error => {
  process.stderr.write(`llama worker: ${(error as Error).stack}\n`);
  process.exit(1);
});
