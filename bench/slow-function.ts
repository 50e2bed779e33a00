/**
 * A function that takes as long as it is told to, and no CPU: it passes invocations on to a real one and keeps the answers;
 * once it is told to, it gives what it has kept for the same command, after a while. Stands for workers elsewhere.
 */
import {createServer, type IncomingMessage, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {decompress} from '@mongodb-js/zstd';
import {decodeRequest, type Envelope} from '../src/protocol/message.ts';

export class SlowFunction {
  readonly #target: string;
  readonly #kept = new Map<string, Buffer>();
  readonly #server: Server;
  #delay: number | undefined;
  #inFlight = 0;
  /** Of the answers from memory. */
  most = 0;
  count = 0;
  /** Commands that nothing was kept for. */
  unknown = 0;

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.#answer(request).then(
        ({status, headers, body}) => response.writeHead(status, headers).end(body),
        () => response.destroy(),
      );
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  /** `target`: the endpoint of the real one. */
  static async listen(target: string): Promise<SlowFunction> {
    const made = new SlowFunction(target);
    await new Promise<void>(resolve =>
      made.#server.listen({host: '127.0.0.1', port: 0, backlog: 4096}, resolve),
    );
    return made;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on it answers from memory, after `ms`. */
  answerAfter(ms: number): void {
    this.#delay = ms;
    this.most = 0;
    this.count = 0;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(
    request: IncomingMessage,
  ): Promise<{status: number; headers: Record<string, string>; body: Buffer}> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const key = request.method === 'POST' ? await commandOf(body) : undefined;
    if (key !== undefined && this.#delay !== undefined) {
      const kept = this.#kept.get(key);
      if (kept !== undefined) {
        this.count++;
        this.most = Math.max(this.most, ++this.#inFlight);
        await new Promise(resolve => setTimeout(resolve, this.#delay));
        this.#inFlight--;
        return {status: 200, headers: {'content-type': 'application/json'}, body: kept};
      }
      this.unknown++;
    }
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !/^(?:host|connection|content-length)$/.test(name)),
    ) as Record<string, string>;
    const answer = await fetch(`${this.#target}${request.url}`, {
      method: request.method ?? 'GET',
      headers,
      ...(body.length > 0 ? {body: new Uint8Array(body)} : {}),
    });
    const told = Buffer.from(await answer.arrayBuffer());
    const error = answer.headers.get('x-amz-function-error');
    if (key !== undefined && answer.status === 200 && error === null) this.#kept.set(key, told);
    return {
      status: answer.status,
      headers: {
        'content-type': answer.headers.get('content-type') ?? 'application/json',
        ...(error === null ? {} : {'x-amz-function-error': error}),
      },
      body: told,
    };
  }
}

/** The same words in the same directory; undefined for what is no invocation of ours. */
async function commandOf(body: Buffer): Promise<string | undefined> {
  try {
    const {zstd} = JSON.parse(body.toString()) as Envelope;
    const {action} = decodeRequest(await decompress(Buffer.from(zstd, 'base64')));
    return JSON.stringify([action.cwd, action.args]);
  } catch {
    return undefined;
  }
}
