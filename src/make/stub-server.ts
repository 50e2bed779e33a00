/** The client's end of the stubs: takes their questions, and gives each an answer. It knows nothing of compilers. */
import {createServer, type Server, type Socket} from 'node:net';
import {type Answer, answerBytes, type Question, QuestionReader, questionSize} from './question.ts';

/** `signal`: aborted where nobody waits for the answer any more. */
export type Answerer = (question: Question, signal: AbortSignal) => Promise<Answer>;

export interface StubServerOptions {
  readonly answer: Answerer;
  /** A question came to nothing by a fault of ours; the real program runs. */
  readonly onFault: (error: unknown) => void;
}

export class StubServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #reader = new QuestionReader();
  readonly #options: StubServerOptions;

  private constructor(options: StubServerOptions) {
    this.#options = options;
    this.#server = createServer(socket => this.#take(socket));
    // All that a make of a thousand jobs starts at once.
    this.#server.maxConnections = 65_536;
  }

  /** `path`: of a socket that is made. @throws the system's errors */
  static async listen(path: string, options: StubServerOptions): Promise<StubServer> {
    const server = new StubServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen({path, backlog: 4096}, resolve);
    });
    return server;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    const gone = new AbortController();
    this.#sockets.add(socket);
    let bytes: Buffer = Buffer.alloc(0);
    let isAsked = false;
    socket.on('error', () => {}); // A stub that was killed; 'close' follows.
    socket.on('close', () => {
      this.#sockets.delete(socket);
      gone.abort();
    });
    socket.on('data', (chunk: Buffer) => {
      if (isAsked) return;
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      try {
        const size = questionSize(bytes);
        if (size === undefined || bytes.length < size) return;
        isAsked = true;
        void this.#answer(socket, this.#reader.read(bytes.subarray(0, size)), gone.signal);
      } catch {
        // No stub of ours. Whoever it is runs the real program when nobody answers.
        socket.destroy();
      }
    });
  }

  async #answer(socket: Socket, question: Question, signal: AbortSignal): Promise<void> {
    let answer: Answer = {kind: 'real'};
    try {
      answer = await this.#options.answer(question, signal);
    } catch (error) {
      this.#options.onFault(error);
    } finally {
      // A stub that became the real compiler keeps its end open until that has ended.
      if (!socket.destroyed) socket.write(answerBytes(answer));
      if (answer.kind === 'done') socket.end();
    }
  }
}
