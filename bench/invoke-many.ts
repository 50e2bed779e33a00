/** `invoke-many COUNT FIRST`: so many invocations at once by the client's own path, from a process of its own. */
import {randomBytes} from 'node:crypto';
import {monitorEventLoopDelay} from 'node:perf_hooks';
import type {InvocationRequest} from '../src/protocol/invocation.ts';
import {connect} from '../src/remote/aws/connection.ts';
import {Controller} from '../src/remote/aws/controller.ts';
import {LambdaInvoker} from '../src/remote/aws/lambda-invoker.ts';
import {noCounts} from '../src/remote/counts.ts';
import {useOurFlags} from '../src/v8-flags.ts';

export async function main(argv: readonly string[]): Promise<number> {
  useOurFlags();
  const [count = 0, first = 0] = argv.map(Number);
  const connection = await connect({connections: first, env: process.env});
  const counts = noCounts();
  const reasons = new Map<string, number>();
  const onRetry = (reason: string) => {
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  };
  const controller = new Controller({service: 'Lambda', first, most: first, onRetry});
  const invoker = new LambdaInvoker({
    function: await connection.function('f'),
    memoryMb: 1769,
    controller,
    counts,
    width: first,
  });
  // As large as the request of a compile.
  const request = {action: {args: [randomBytes(1500).toString('hex')]}} as unknown as InvocationRequest;
  const {signal} = new AbortController();
  const delay = monitorEventLoopDelay({resolution: 1});
  delay.enable();
  const began = performance.now();
  const ends = await Promise.allSettled(
    Array.from({length: count}, () => invoker.invoke(request, {signal, isWanted: () => true, expected: 0})),
  );
  const wall = performance.now() - began;
  delay.disable();
  const {user, system} = process.cpuUsage();
  const lost = ends.filter(({status}) => status === 'rejected').length;
  process.stdout.write(
    JSON.stringify({
      wall,
      lost,
      tries: counts.invocationsStarted / count,
      loopDelay: delay.max / 1e6,
      cpu: (user + system) / 1000,
      rss: process.resourceUsage().maxRSS / 1024,
      reasons: Object.fromEntries(reasons),
    }),
  );
  connection.close();
  return 0;
}
