/**
 * A function as Lambda has it, from both of its sides: `Invoke` towards clients, and towards each of several workers the
 * Runtime API on a socket that is that worker's alone, which tells who has answered what. What nobody is free for waits. Starts no worker.
 */
import {randomUUID} from 'node:crypto';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

/** Bytes that an invocation carries each way. */
const PAYLOAD_LIMIT = 6_291_456;
const TIME_LIMIT = 900_000;
const ENDED = {errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited without providing a reason'};
const RUNTIME = '/2018-06-01/runtime';

interface Invocation {
  readonly id: string;
  readonly payload: Buffer;
  readonly response: ServerResponse;
}

/** Invariant: an invocation is in `waiting`, or under way with one worker, or answered. */
export class FunctionEndpoint {
  readonly #name: string;
  readonly #servers: Server[] = [];
  readonly #waiting: Invocation[] = [];
  /** Workers that have asked for the next invocation and wait for it. */
  readonly #free = new Map<number, ServerResponse>();
  readonly #underWay = new Map<number, Invocation>();
  readonly #living = new Set<number>();
  readonly #answered: number[] = [];
  readonly errors: string[] = [];
  #invoked = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Invocations so far, and those that each worker has answered. */
  get counts(): {readonly invoked: number; readonly answered: readonly number[]} {
    return {invoked: this.#invoked, answered: [...this.#answered]};
  }

  /** `host:port` for clients. */
  async listen(): Promise<string> {
    const server = await this.#serve({host: '127.0.0.1', port: 0}, (request, response) =>
      this.#invoke(request, response),
    );
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Another worker, who will come by this socket; answers its number. */
  async addWorker(path: string): Promise<number> {
    const worker = this.#answered.push(0) - 1;
    this.#living.add(worker);
    await this.#serve({path}, (request, response) => this.#runtime(worker, request, response));
    return worker;
  }

  /** It has ended: what it had under way has no answer, and nothing has one when it was the last. */
  lose(worker: number): void {
    this.errors.push(`worker ${worker} has ended`);
    this.#free.delete(worker);
    this.#living.delete(worker);
    const invocation = this.#underWay.get(worker);
    this.#underWay.delete(worker);
    if (invocation) answerError(invocation, ENDED);
    this.#handOut();
  }

  close(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #serve(
    where: {readonly path: string} | {readonly host: string; readonly port: number},
    onRequest: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ): Promise<Server> {
    const server = createServer((request, response) => {
      // Who asked and went away needs no answer.
      onRequest(request, response).catch(() => response.destroy());
    });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>(resolve => server.listen(where, resolve));
    this.#servers.push(server);
    return server;
  }

  async #invoke(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const payload = await bodyOf(request);
    if (request.method !== 'POST' || request.url !== `/2015-03-31/functions/${this.#name}/invocations`) {
      refuse(response, 404, 'ResourceNotFoundException');
      return;
    }
    if (payload.length > PAYLOAD_LIMIT) {
      refuse(response, 413, 'RequestTooLargeException');
      return;
    }
    this.#invoked++;
    this.#waiting.push({id: randomUUID(), payload, response});
    this.#handOut();
  }

  async #runtime(worker: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const path = request.url?.slice(RUNTIME.length) ?? '';
    if (path === '/invocation/next') {
      this.#free.set(worker, response);
      this.#handOut();
      return;
    }
    if (path === '/init/error') {
      this.errors.push(`worker ${worker} did not start: ${body}`);
      response.writeHead(202).end();
      return;
    }
    const [, id, how] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const invocation = this.#underWay.get(worker);
    if (invocation === undefined || invocation.id !== id) {
      refuse(response, 400, 'InvalidRequestID');
      return;
    }
    this.#underWay.delete(worker);
    this.#answered[worker]! += 1;
    if (how === 'error') {
      this.errors.push(`worker ${worker}: ${body}`);
      answerError(invocation, body);
    } else if (body.length > PAYLOAD_LIMIT) {
      answerError(invocation, {
        errorType: 'Function.ResponseSizeTooLarge',
        errorMessage: `Response payload size exceeded maximum allowed payload size (${PAYLOAD_LIMIT} bytes).`,
      });
    } else {
      invocation.response.writeHead(200, {'content-type': 'application/json'}).end(body);
    }
    response.writeHead(202).end();
  }

  #handOut(): void {
    if (this.#living.size === 0) for (const each of this.#waiting.splice(0)) answerError(each, ENDED);
    for (const [worker, response] of this.#free) {
      const invocation = this.#waiting.shift();
      if (invocation === undefined) return;
      this.#free.delete(worker);
      this.#underWay.set(worker, invocation);
      response.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': invocation.id,
        'lambda-runtime-deadline-ms': String(Date.now() + TIME_LIMIT),
        'lambda-runtime-invoked-function-arn': `arn:aws:lambda:us-east-1:000000000000:function:${this.#name}`,
      });
      response.end(invocation.payload);
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The function's own failure, which is no failure of the service. */
function answerError({response}: Invocation, error: Buffer | object): void {
  response.writeHead(200, {'content-type': 'application/json', 'x-amz-function-error': 'Unhandled'});
  response.end(Buffer.isBuffer(error) ? error : JSON.stringify(error));
}

function refuse(response: ServerResponse, status: number, type: string): void {
  response.writeHead(status, {'content-type': 'application/json', 'x-amzn-errortype': type});
  response.end(JSON.stringify({message: type}));
}
