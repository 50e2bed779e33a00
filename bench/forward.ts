/** Connections that are made here go on there, byte by byte. */
import {connect, createServer, type ListenOptions, type NetConnectOpts, type Server} from 'node:net';

/** Until the server is closed; connections that there are then go on. */
export function forward(from: ListenOptions, to: NetConnectOpts): Promise<Server> {
  const server = createServer(inner => {
    const outer = connect(to);
    inner.pipe(outer).pipe(inner);
    inner.once('error', () => outer.destroy());
    outer.once('error', () => inner.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(from, () => resolve(server));
  });
}
