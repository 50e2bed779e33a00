/** Actions as invocations of a Lambda function, as many at once as the window lets through. */
import {
  type InvocationRequest,
  type InvocationResponse,
  PROTOCOL_VERSION,
  type Unpacked,
} from '../../protocol/invocation.ts';
import {
  decodeResponse,
  type Envelope,
  encodeRequest,
  isEnvelope,
  isResponse,
} from '../../protocol/message.ts';
import {InvocationError, type InvokeOptions, type Invoker} from '../cloud.ts';
import {type CloudCounts, countRetry} from '../counts.ts';
import {CloudError, type Controller} from './controller.ts';
import {ADVICE} from './fault.ts';
import {hedged, type OnSent} from './hedge.ts';
import type {Invoked, LambdaFunction} from './lambda-function.ts';
import {loadZstd, type Zstd} from './zstd.ts';

export interface LambdaInvokerOptions {
  readonly function: Pick<LambdaFunction, 'invoke'>;
  /** Of the function, for messages. */
  readonly memoryMb: number;
  readonly controller: Controller;
  readonly counts: CloudCounts;
  /** Actions that may be under way at once, waiting ones included. */
  readonly width: number;
}

/** Of zstd: of LLVM's sources 3 makes a tenth less, in a third more time. */
const LEVEL = 1;
/** Bytes of JSON that an invocation carries each way. */
const PAYLOAD_LIMIT = 6_291_456;
/** An answer is overdue after so many ms, and so many times what it took before or the longest one took. */
const PATIENCE = {least: 45_000, times: 3};
/** Bytes a ms that a line carries at least. */
const SLOWEST = 50;
const TOO_LARGE = Buffer.from('{"errorType":"ResponseSizeTooLarge","errorMessage":"the request"}');

export class LambdaInvoker implements Invoker {
  readonly #options: LambdaInvokerOptions;
  readonly width: number;
  /** Of the answers so far, in ms. */
  #longest = 0;

  constructor(options: LambdaInvokerOptions) {
    this.#options = options;
    this.width = options.width;
  }

  async invoke(
    request: InvocationRequest,
    {signal, isWanted, expected}: InvokeOptions,
  ): Promise<InvocationResponse> {
    const {counts} = this.#options;
    const zstd = await loadZstd();
    try {
      const {failed, answer} = await hedged(
        (either, onSent) => this.#send(request, {zstd, signal: either, isWanted, onSent}),
        {
          signal,
          patience: bytes =>
            PATIENCE.least + bytes / SLOWEST + PATIENCE.times * Math.max(expected, this.#longest),
          onOverdue: () => countRetry(counts, 'lambda:overdue'),
        },
      );
      if (failed) throw functionFailure(answer, this.#options.memoryMb);
      return await this.#read(answer, zstd);
    } catch (error) {
      if (error instanceof InvocationError) throw error;
      if (signal.aborted || (error as Error).name === 'AbortError')
        throw new InvocationError('aborted', 'interrupted');
      if (!(error instanceof CloudError)) throw error;
      if (error.reason === 'too-large') throw new InvocationError('too-large', error.message);
      throw new InvocationError('unavailable', `${error.message}; ${ADVICE[error.reason]}`, error.reason);
    }
  }

  #send(
    request: InvocationRequest,
    how: {zstd: Zstd; signal: AbortSignal; isWanted: () => boolean; onSent: OnSent},
  ): Promise<Invoked> {
    const {controller, counts} = this.#options;
    const {zstd, signal, isWanted, onSent} = how;
    return controller.run(
      async abortSignal => {
        // Not before its turn: a thousand may be waiting.
        const payload = await payloadOf(request, zstd);
        abortSignal.throwIfAborted();
        if (payload.length > PAYLOAD_LIMIT) return {failed: true, answer: TOO_LARGE};
        counts.invocationsStarted++;
        const onRefused = onSent(payload.length);
        const sentAt = performance.now();
        counts.bytesUp += payload.length;
        const invoked = await this.#options.function.invoke(payload, abortSignal).catch(error => {
          onRefused();
          // What was begun is billed to its end, of which nobody tells us: so long it was for sure.
          if (signal.aborted) counts.billedMs += performance.now() - sentAt;
          throw error;
        });
        counts.bytesDown += invoked.answer.length;
        const took = performance.now() - sentAt;
        this.#longest = Math.max(this.#longest, took);
        if (invoked.failed) counts.billedMs += took;
        return invoked;
      },
      {signal, isWanted},
    );
  }

  async #read(answer: Buffer, zstd: Zstd): Promise<InvocationResponse> {
    const {counts} = this.#options;
    const response = await responseIn(answer, zstd);
    if (response === undefined) throw new InvocationError('lost', 'a worker answered what is no response');
    const {usage} = response;
    if (usage) {
      counts.billedMs += usage.billedMs;
      counts.worker.get += usage.traffic.get;
      counts.worker.put += usage.traffic.put;
      counts.worker.head += usage.traffic.head;
      counts.worker.bytesUp += usage.traffic.bytesUp;
      counts.worker.bytesDown += usage.traffic.bytesDown;
      if (usage.unpacked) countFresh(counts, response, usage.unpacked, usage.initMs);
    }
    return response;
  }
}

async function payloadOf(request: InvocationRequest, {compress}: Zstd): Promise<Buffer> {
  const message = await compress(encodeRequest(request), LEVEL);
  const envelope: Envelope = {version: PROTOCOL_VERSION, zstd: message.toString('base64')};
  return Buffer.from(JSON.stringify(envelope), 'latin1');
}

/** Undefined where it is none. A worker of another version refuses in JSON. */
async function responseIn(answer: Buffer, {decompress}: Zstd): Promise<InvocationResponse | undefined> {
  try {
    const told: unknown = JSON.parse(answer.toString());
    if (!isEnvelope(told)) return isResponse(told) && told.result.kind === 'failure' ? told : undefined;
    return decodeResponse(await decompress(Buffer.from(told.zstd, 'base64')));
  } catch {
    return undefined;
  }
}

function countFresh(
  {fresh}: CloudCounts,
  {result}: InvocationResponse,
  unpacked: Unpacked,
  initMs: number,
): void {
  if (unpacked.count === 0) return;
  fresh.count++;
  fresh.bytes += unpacked.bytes;
  fresh.unpackMs += unpacked.ms;
  fresh.delayMs += initMs + (result.kind === 'result' ? result.timing.toolchain + result.timing.layout : 0);
}

/** The function ended without an answer of its own; how, only the runtime's words tell. */
function functionFailure(answer: Buffer, memoryMb: number): InvocationError {
  let type = '';
  let text = '';
  try {
    const failure = JSON.parse(answer.toString()) as {errorType?: string; errorMessage?: string} | null;
    type = failure?.errorType ?? '';
    text = failure?.errorMessage ?? '';
  } catch {
    // Then nothing is known of it.
  }
  const said = `${type} ${text}`;
  if (/OutOfMemory|signal: killed/.test(said))
    return new InvocationError('out-of-memory', `a worker ran out of its ${memoryMb} MB of memory (${text})`);
  if (/Sandbox\.Timedout|[Tt]imed out/.test(said))
    return new InvocationError('timed-out', `a worker ran out of time (${text})`);
  if (/ResponseSizeTooLarge|response payload size/i.test(said))
    return new InvocationError('too-large', `an answer was too large (${text})`);
  return new InvocationError('lost', `a worker crashed (${said.trim()})`);
}
