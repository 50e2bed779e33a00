/**
 * Worker processes on this machine, started on demand, each with one action at a time. They run the code that runs on
 * Lambda; requests and responses are frames (uint32 little-endian length, then a message) over pipes.
 */
import type {ChildProcess} from 'node:child_process';
import {join} from 'node:path';
import type {Processes} from '../../process.ts';
import {encodeFrame, FRAME_LIMIT} from '../../protocol/frames.ts';
import type {InvocationRequest, InvocationResponse, OutputBytes} from '../../protocol/invocation.ts';
import {decodeResponse, encodeRequest} from '../../protocol/message.ts';
import {InvocationError, type Invoker} from '../cloud.ts';
import type {CloudCounts} from '../counts.ts';
import {type Slot, trySlot} from './slot.ts';

export interface WorkerPoolOptions {
  readonly width: number;
  /** Folder of the store; workers keep their scratch below it. */
  readonly storeDir: string;
  /** The worker's bundle. */
  readonly program: string;
  readonly processes: Processes;
  readonly counts: CloudCounts;
}

interface Worker {
  readonly child: ChildProcess;
  readonly slot: Slot;
  /** Settles the invocation under way. */
  answer: ((response: InvocationResponse) => void) | undefined;
  fail: ((error: InvocationError) => void) | undefined;
  stderr: string;
}

export class WorkerPool implements Invoker {
  readonly width: number;
  readonly #options: WorkerPoolOptions;
  readonly #idle: Worker[] = [];
  /** Started by {@link warm}, and not there yet. */
  readonly #warming: Promise<Worker>[] = [];
  readonly #all = new Set<Worker>();
  readonly #freeSlots: Slot[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #nextSlot = 0;
  #isClosed = false;
  /** Bytes of outputs that workers put into the store themselves. */
  stored = 0;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.width = options.width;
  }

  /** Starts a worker before it is needed, since its start takes time. */
  warm(count: number): void {
    for (let i = this.#all.size + this.#warming.length; i < Math.min(count, this.width); i++) {
      const start = this.#startWorker();
      this.#warming.push(start);
      const isUntaken = () => {
        const at = this.#warming.indexOf(start);
        return at >= 0 && this.#warming.splice(at, 1).length > 0;
      };
      start.then(
        worker => isUntaken() && this.#idle.push(worker),
        () => isUntaken(), // Whoever needs a worker meets the fault by himself.
      );
    }
  }

  async invoke(
    request: InvocationRequest,
    {signal, isWanted}: {readonly signal: AbortSignal; readonly isWanted: () => boolean},
  ): Promise<InvocationResponse> {
    if (this.#busy >= this.width) await new Promise<void>(resolve => this.#waiting.push(resolve));
    else this.#busy++;
    let hasFailed = false;
    try {
      if (signal.aborted || !isWanted()) throw new InvocationError('aborted', 'interrupted');
      const worker = this.#idle.pop() ?? (await (this.#warming.shift() ?? this.#startWorker()));
      if (signal.aborted) {
        this.#idle.push(worker);
        throw new InvocationError('aborted', 'interrupted');
      }
      const response = await this.#exchange(worker, request, signal);
      this.#idle.push(worker);
      hasFailed = response.result.kind === 'result' && response.result.exitCode !== 0;
      return response;
    } finally {
      // A failure may end the build: who comes next asks after that.
      if (hasFailed) setImmediate(() => this.#callNext());
      else this.#callNext();
    }
  }

  #callNext(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#busy--;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const ends = [...this.#all].map(
      worker => new Promise<void>(resolve => worker.child.once('close', () => resolve())),
    );
    // The end of its input is the worker's order to stop.
    for (const worker of this.#all) worker.child.stdin?.end();
    await Promise.all(ends);
    for (const slot of this.#freeSlots) slot.release();
  }

  #exchange(worker: Worker, request: InvocationRequest, signal: AbortSignal): Promise<InvocationResponse> {
    const frame = encodeFrame(encodeRequest(request));
    this.#options.counts.invocationsStarted++;
    this.#options.counts.bytesUp += frame.length - 4;
    return new Promise((resolve, reject) => {
      const settle = () => {
        signal.removeEventListener('abort', onAbort);
        worker.answer = undefined;
        worker.fail = undefined;
      };
      const onAbort = () => {
        settle();
        this.#options.processes.signal(worker.child, 'SIGKILL');
        reject(new InvocationError('aborted', 'interrupted'));
      };
      worker.answer = response => {
        settle();
        resolve(response);
      };
      worker.fail = error => {
        settle();
        reject(error);
      };
      signal.addEventListener('abort', onAbort, {once: true});
      if (worker.child.exitCode !== null || worker.child.signalCode !== null) {
        worker.fail(new InvocationError('lost', endText(worker)));
        return;
      }
      worker.child.stdin!.write(frame);
    });
  }

  async #startWorker(): Promise<Worker> {
    const slot = this.#freeSlots.pop() ?? (await this.#takeSlot());
    if (this.#isClosed) {
      slot.release();
      throw new InvocationError('aborted', 'the build has ended');
    }
    const {program, processes, storeDir, counts} = this.#options;
    const child = processes.start(process.execPath, [program], {
      cwd: '/',
      env: {
        LLAMA_SCRATCH: slot.scratch,
        LLAMA_STORE: storeDir,
        LLAMA_TOOLCHAINS: join(storeDir, 'unpacked'),
        PATH: process.env.PATH ?? '',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      ownSession: true,
    });
    const worker: Worker = {child, slot, answer: undefined, fail: undefined, stderr: ''};
    this.#all.add(worker);
    const onResponse = (response: InvocationResponse, size: number) => {
      counts.bytesDown += size;
      this.stored += storedBytes(response);
      worker.answer?.(response);
    };
    readResponses(child, onResponse, () => {
      worker.stderr += 'it answered something that is no response';
      processes.signal(child, 'SIGKILL');
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      worker.stderr = (worker.stderr + text).slice(-2000);
    });
    child.stdin?.on('error', () => {}); // The end of the process is what counts, and is seen below.
    child.once('error', error => worker.fail?.(new InvocationError('refused', error.message)));
    child.once('close', () => {
      this.#all.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#freeSlots.push(slot);
      worker.fail?.(new InvocationError('lost', endText(worker)));
    });
    return worker;
  }

  /** The first scratch folder that no other client holds: kept between builds, it spares the unpacking of compilers. */
  async #takeSlot(): Promise<Slot> {
    for (;;) {
      const slot = await trySlot(this.#options.storeDir, this.#nextSlot++);
      if (slot) return slot;
    }
  }
}

function endText(worker: Worker): string {
  const {exitCode, signalCode} = worker.child;
  const how = signalCode ? `was ended by ${signalCode}` : `ended with status ${exitCode}`;
  const said = worker.stderr.trim();
  return `a worker ${how}${said === '' ? '' : `: ${said}`}`;
}

/** `onFault` is told once of a stream that is out of step; nothing more is read then. */
function readResponses(
  child: ChildProcess,
  onResponse: (response: InvocationResponse, size: number) => void,
  onFault: () => void,
): void {
  let chunks: Buffer[] = [];
  let have = 0;
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    have += chunk.length;
    for (;;) {
      if (have < 4) return;
      if (chunks[0]!.length < 4) chunks = [Buffer.concat(chunks)];
      const size = chunks[0]!.readUInt32LE(0);
      if (size > FRAME_LIMIT) return fault();
      if (have < 4 + size) return;
      const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      const response = decodeResponse(whole.subarray(4, 4 + size));
      if (response === undefined) return fault();
      const rest = whole.subarray(4 + size);
      chunks = rest.length > 0 ? [rest] : [];
      have = rest.length;
      onResponse(response, size);
    }
  };
  const fault = () => {
    child.stdout?.off('data', onData).resume();
    onFault();
  };
  child.stdout?.on('data', onData);
}

function storedBytes({result}: InvocationResponse): number {
  if (result.kind !== 'result') return 0;
  const outputs: readonly OutputBytes[] = [...result.outputs, result.stdout, result.stderr];
  return outputs.reduce((sum, {inline, size}) => sum + (inline === undefined ? size : 0), 0);
}
