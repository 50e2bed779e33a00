/**
 * Stands between llama and servers that speak AWS's protocols, and does to some of the requests what networks and
 * services do. Clients and workers come in by two doors, so that each can be met apart.
 */
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';

export type Who = 'client' | 'worker';

/** One request, as far as a fault may choose by it. */
export interface Asked {
  readonly who: Who;
  readonly service: 'lambda' | 's3';
  readonly method: string;
  readonly path: string;
  /** Access key that signed it. */
  readonly key: string;
  /** X-Amz-Date in ms since the epoch. */
  readonly signedAt: number;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Fault =
  /** Instead of the server's. */
  | {readonly kind: 'answer'; readonly answer: Answer}
  /** The connection is reset, before the server hears of it or after it has done it. */
  | {readonly kind: 'reset'; readonly when: 'before' | 'after'}
  /** The connection ends in the middle of the answer. */
  | {readonly kind: 'cut'}
  /** One byte of the answer is another one. */
  | {readonly kind: 'damage'}
  /** Nothing ever comes, and the connection stays. */
  | {readonly kind: 'silence'; readonly when: 'before' | 'after'}
  /** Nobody can be reached from now on. */
  | {readonly kind: 'unreachable'};

export interface Plan {
  /** Asked for each request of a build; undefined lets it through. */
  readonly faultOf: (asked: Asked) => Fault | undefined;
  /** What the servers' clock is ahead of this machine's, in ms. */
  readonly clockAhead?: number;
}

export interface FaultProxy {
  /** By who comes in. */
  readonly endpoints: Readonly<Record<Who, string>>;
  /** Faults done since the plan was set. */
  readonly done: number;
  /** From now on; undefined lets everything through. */
  follow(plan: Plan | undefined): Promise<void>;
  close(): void;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const proxy = new HttpProxy(new URL(target));
  await proxy.open();
  return proxy;
}

class HttpProxy implements FaultProxy {
  readonly #target: URL;
  readonly #agent = new Agent({keepAlive: true});
  readonly #servers: Record<Who, Server>;
  readonly #ports: Record<Who, number> = {client: 0, worker: 0};
  readonly #sockets = new Set<Socket>();
  #plan: Plan | undefined;
  #isOpen = false;
  done = 0;

  constructor(target: URL) {
    this.#target = target;
    this.#servers = {client: this.#server('client'), worker: this.#server('worker')};
  }

  get endpoints(): Record<Who, string> {
    const {client, worker} = this.#ports;
    return {client: `http://127.0.0.1:${client}`, worker: `http://127.0.0.1:${worker}`};
  }

  async open(): Promise<void> {
    for (const who of ['client', 'worker'] as const) {
      const server = this.#servers[who];
      await new Promise<void>(resolve => server.listen(this.#ports[who], '127.0.0.1', resolve));
      this.#ports[who] = (server.address() as AddressInfo).port;
    }
    this.#isOpen = true;
  }

  async follow(plan: Plan | undefined): Promise<void> {
    this.#plan = plan;
    this.done = 0;
    // Those that were told nothing are not to hear the next build's answers.
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#isOpen) await this.open();
  }

  close(): void {
    this.#isOpen = false;
    for (const server of Object.values(this.#servers)) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #server(who: Who): Server {
    const server = createServer((asked, answer) => this.#serve(who, asked, answer));
    server.on('connection', socket => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    return server;
  }

  #serve(who: Who, asked: IncomingMessage, answer: ServerResponse): void {
    const fault = this.#plan?.faultOf(readAsked(who, asked));
    if (fault) this.done++;
    if (this.#plan?.clockAhead !== undefined)
      answer.setHeader('date', new Date(Date.now() + this.#plan.clockAhead).toUTCString());
    const body: Buffer[] = [];
    asked.on('data', (bytes: Buffer) => body.push(bytes));
    asked.once('end', () => {
      const socket = answer.socket!;
      if (fault?.kind === 'answer') {
        answer.writeHead(fault.answer.status, fault.answer.headers).end(fault.answer.body);
      } else if (fault?.kind === 'unreachable') {
        this.close();
      } else if (fault?.kind === 'reset' && fault.when === 'before') {
        socket.resetAndDestroy();
      } else if (!(fault?.kind === 'silence' && fault.when === 'before')) {
        this.#pass(asked, Buffer.concat(body), (head, bytes) => giveBack(answer, head, bytes, fault));
      }
    });
  }

  #pass(asked: IncomingMessage, body: Buffer, done: (head: IncomingMessage, bytes: Buffer) => void): void {
    const {method, url: path, headers} = asked;
    const {hostname, port} = this.#target;
    const passed = request({hostname, port, agent: this.#agent, method, path, headers}, head => {
      const bytes: Buffer[] = [];
      head.on('data', (chunk: Buffer) => bytes.push(chunk));
      head.once('end', () => done(head, Buffer.concat(bytes)));
    });
    // The server's own end of an idle connection looks to the client like what it is.
    passed.once('error', () => asked.socket.destroy());
    passed.end(body);
  }
}

function readAsked(who: Who, {method = '', url = '', headers}: IncomingMessage): Asked {
  const time = String(headers['x-amz-date'] ?? '');
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)T(..)(..)(..)Z$/.exec(time) ?? [];
  return {
    who,
    service: /^\/20\d\d-\d\d-\d\d\//.test(url) ? 'lambda' : 's3',
    method,
    path: url,
    key: /Credential=([^/]+)\//.exec(String(headers.authorization ?? ''))?.[1] ?? '',
    signedAt: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`),
  };
}

function giveBack(
  answer: ServerResponse,
  head: IncomingMessage,
  body: Buffer,
  fault: Fault | undefined,
): void {
  const socket = answer.socket;
  if (fault?.kind === 'silence') return;
  if (fault?.kind === 'reset') return void socket?.resetAndDestroy();
  const headers = {...head.headers, 'content-length': String(body.length)};
  delete headers['transfer-encoding'];
  if (answer.hasHeader('date')) delete headers.date;
  // HEAD and 304 have none, whatever their length says.
  if (body.length === 0 && head.headers['content-length'])
    headers['content-length'] = head.headers['content-length'];
  if (fault?.kind === 'damage' && body.length > 0) body[body.length >> 1]! ^= 1;
  answer.writeHead(head.statusCode!, headers);
  if (fault?.kind !== 'cut') answer.end(body);
  else answer.write(body.subarray(0, body.length >> 1), () => socket?.end());
}
