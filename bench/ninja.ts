/** The user's ninja as the judge: what it would do, what it knows, what the edges of a target are. Never builds. */
import {must} from './process.ts';

export interface BuildAt {
  readonly directory: string;
  /** Empty means the manifest's defaults. */
  readonly targets: readonly string[];
  /** The first `ninja` on PATH when absent. */
  readonly ninja?: string;
  /** The manifest, where it is not build.ninja. */
  readonly file?: string;
}

function ninja(at: BuildAt, args: readonly string[]): Promise<string> {
  return must([at.ninja ?? 'ninja', ...manifestFlags(at), ...args], {cwd: at.directory}).then(
    ran => ran.stdout,
  );
}

/** Alike for ninja and for llama. */
export function manifestFlags({file}: BuildAt): string[] {
  return file === undefined ? [] : ['-f', file];
}

export async function ninjaVersion(program = 'ninja'): Promise<string> {
  return (await must([program, '--version'])).stdout.trim();
}

/** Command lines as `-n -v` prints them, without the counter; order and ninja's own remarks left out. */
export function commandLines(stdout: string): string[] {
  const lines = stdout.split('\n').map(line => line.replace(/^\[\d+\/\d+\] /, ''));
  return lines.filter(line => line !== '' && !line.startsWith('ninja: ')).sort();
}

/** What ninja would run now, as full commands, sorted. */
export async function wouldRun(at: BuildAt): Promise<string[]> {
  return commandLines(await ninja(at, ['-n', '-v', ...at.targets]));
}

/** First outputs of all edges that `targets` need, phony ones left out. */
export async function outputsOf(at: BuildAt): Promise<string[]> {
  const commands = new Set((await ninja(at, ['-t', 'commands', ...at.targets])).split('\n'));
  const entries = JSON.parse(await ninja(at, ['-t', 'compdb'])) as {command: string; output: string}[];
  return entries
    .filter(entry => entry.command !== '' && commands.has(entry.command))
    .map(entry => entry.output);
}

/** The command lines of all compiles that `targets` need. */
export async function compileCommands(at: BuildAt): Promise<string[]> {
  const listed = await ninja(at, ['-t', 'commands', ...at.targets]);
  return listed.split('\n').filter(command => / -o \S+\.o -c /.test(command));
}

export type Deps = Readonly<Record<string, readonly string[]>>;

/** `ninja -t deps`: inputs of every output in the order recorded; a stale record shows as such. */
export async function depsLog(at: BuildAt): Promise<Deps> {
  const deps: Record<string, string[]> = {};
  let inputs: string[] = [];
  for (const line of (await ninja(at, ['-t', 'deps'])).split('\n')) {
    const head = /^(.*): #deps \d+, deps mtime -?\d+ \((VALID|STALE)\)$/.exec(line);
    if (head !== null) {
      inputs = head[2] === 'VALID' ? [] : ['(stale)'];
      deps[head[1] ?? ''] = inputs;
    } else if (line.startsWith('    ')) inputs.push(line.slice(4));
  }
  return deps;
}
