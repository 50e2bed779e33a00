/**
 * An endpoint that takes Lambda invocations and answers each after a while, by `lambda-endpoint PORT DELAY LIMIT`: of
 * more than LIMIT at once the others get what Lambda says then. A process of its own, so that its CPU time is its own.
 */
import {createServer} from 'node:http';

export async function main(argv: readonly string[]): Promise<number> {
  const [port = 0, wait = 0, limit = Number.POSITIVE_INFINITY] = argv.map(Number);
  const counts = {calls: 0, throttled: 0, most: 0};
  let inFlight = 0;
  const answer = Buffer.from(
    JSON.stringify({version: 2, result: {kind: 'failure', reason: 'request-invalid', text: ''}}),
  );
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
