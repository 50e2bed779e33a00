/** What a process can see of the system that it is in, found by trying. Runs inside the sandbox, and trusts no name. */
import {closeSync, type Dirent, existsSync, openSync, readdirSync, readFileSync, unlinkSync} from 'node:fs';
import {connect} from 'node:net';
import {networkInterfaces} from 'node:os';
import {join} from 'node:path';

/** What should not be had. */
export interface Outside {
  /** Files and folders of the other system. */
  readonly paths: readonly string[];
  /** `host:port`s that the other system reaches. */
  readonly addresses: readonly string[];
}

export interface Surroundings {
  readonly debian: string;
  readonly glibc: string;
  readonly node: string;
  readonly uid: number;
  /** All sets of capabilities, in hexadecimal. */
  readonly capabilities: readonly string[];
  readonly interfaces: readonly string[];
  /** Folders that a file could be made in, of all that there are; `directories` of them were tried. */
  readonly writable: readonly string[];
  readonly directories: number;
  /** Of what should not be had, what was. */
  readonly visible: readonly string[];
  readonly reachable: readonly string[];
}

/** A host that takes longer does not answer; in ms. */
const CONNECT_LIMIT = 3000;

export async function lookAround({paths, addresses}: Outside): Promise<Surroundings> {
  const reached = await Promise.all(addresses.map(isReachable));
  const directories = directoriesBelow('/');
  const status = readFileSync('/proc/self/status', 'utf8');
  return {
    debian: existsSync('/etc/debian_version') ? readFileSync('/etc/debian_version', 'utf8').trim() : 'none',
    glibc: glibcVersion(),
    node: process.version,
    uid: process.getuid?.() ?? 0,
    capabilities: Array.from(status.matchAll(/^Cap\w+:\s*(\w+)$/gm), match => match[1]!),
    interfaces: Object.keys(networkInterfaces()),
    writable: directories.filter(isWritable),
    directories: directories.length,
    visible: paths.filter(path => existsSync(path)),
    reachable: addresses.filter((_, index) => reached[index]),
  };
}

function glibcVersion(): string {
  const report = process.report.getReport() as {header?: {glibcVersionRuntime?: string}};
  return report.header?.glibcVersionRuntime ?? 'none';
}

/** Without /proc, whose folders are the kernel's. */
function directoriesBelow(folder: string): string[] {
  const found = [folder];
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && path !== '/proc') found.push(...directoriesBelow(path));
  }
  return found;
}

/** One that nobody may look into may still be one to write to. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, {withFileTypes: true});
  } catch {
    return [];
  }
}

function isWritable(folder: string): boolean {
  const file = join(folder, '.llama-was-here');
  try {
    closeSync(openSync(file, 'wx'));
    unlinkSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Whether somebody takes a connection at `host:port`. */
export function isReachable(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  return new Promise(resolve => {
    const socket = connect({host, port: Number(port), timeout: CONNECT_LIMIT});
    const end = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
