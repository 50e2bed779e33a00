/**
 * An endpoint that takes Lambda invocations and answers each after a while, by `lambda-endpoint PORT DELAY LIMIT`: of
 * more than LIMIT at once the others get what Lambda says then. A process of its own, so that its CPU time is its own.
 */
import {randomBytes} from 'node:crypto';
import {createServer} from 'node:http';
import {compress} from '@mongodb-js/zstd';
import {digestOf} from '../src/protocol/digest.ts';
import {type InvocationResponse, PROTOCOL_VERSION} from '../src/protocol/invocation.ts';
import {encodeResponse} from '../src/protocol/message.ts';

export async function main(argv: readonly string[]): Promise<number> {
  const [port = 0, wait = 0, limit = Number.POSITIVE_INFINITY] = argv.map(Number);
  const counts = {calls: 0, throttled: 0, most: 0};
  let inFlight = 0;
  const answer = await answerOfSomeSize();
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => {
      if (request.method === 'GET') {
        response.end(JSON.stringify(counts));
        return;
      }
      counts.calls++;
      if (inFlight >= limit) {
        counts.throttled++;
        response.writeHead(429, {
          'content-type': 'application/json',
          'x-amzn-errortype': 'TooManyRequestsException',
        });
        response.end(
          '{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}',
        );
        return;
      }
      counts.most = Math.max(counts.most, ++inFlight);
      setTimeout(() => {
        inFlight--;
        response.writeHead(200, {'content-type': 'application/json'}).end(answer);
      }, wait);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', 4096, resolve));
  process.stdout.write('ready\n');
  await new Promise(() => {});
  return 0;
}

/** As a compile of LLVM's `lib/Support` has it: 1,450 names, and 32 KB of object that compress to 10. */
async function answerOfSomeSize(): Promise<Buffer> {
  const object = Buffer.concat([randomBytes(9_000), Buffer.alloc(23_000)]);
  const nothing = {digest: digestOf(''), size: 0};
  const names = Array.from({length: 1450}, (_, i) => `Header${i}.h`).join('/');
  const response: InvocationResponse = {
    version: PROTOCOL_VERSION,
    result: {
      kind: 'result',
      exitCode: 0,
      stdout: nothing,
      stderr: nothing,
      outputs: [
        {
          path: 'a.o',
          executable: false,
          digest: digestOf(object),
          size: object.length,
          inline: object,
        },
      ],
      missing: [],
      observed: {read: [['/usr/include', names]], found: [], absent: [], listed: []},
      timing: {toolchain: 0, layout: 0, run: 0, outputs: 0, cpu: 0},
    },
  };
  const message = await compress(encodeResponse(response));
  return Buffer.from(JSON.stringify({version: PROTOCOL_VERSION, zstd: message.toString('base64')}));
}
