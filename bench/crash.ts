/**
 * `crash [PROJECT] [--count N] [--seed N]`: SIGKILL of the client, of a worker, of a ninja, at random moments of a real
 * build. Then nothing may be left running, and the next build must finish with the objects of the local reference.
 */
import {type ChildProcess, spawn} from 'node:child_process';
import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {buildType, type Configuration, configure, project} from './corpus.ts';
import {pick, random} from './edits.ts';
import {judgeAll} from './equal.ts';
import {build, buildCommand, type LlamaOptions, told} from './llama.ts';
import type {BuildAt} from './ninja.ts';
import {check, parseArguments, place, say} from './place.ts';
import {environment, must} from './process.ts';
import {descendants, type Living, leftOver, living} from './processes.ts';
import {putAside, reference} from './reference.ts';
import {writeResult} from './results.ts';
import {filesBelow, type Snapshot} from './snapshot.ts';

type Victim = 'client' | 'worker' | 'ninja';
const victims: readonly Victim[] = ['client', 'worker', 'ninja'];

/** How long a process may outlive the client before it counts as left over. */
const GRACE_MS = 3000;

/** Everything that one round needs to know. */
interface Stage {
  readonly at: BuildAt;
  readonly options: LlamaOptions;
  readonly wanted: Snapshot;
  readonly next: () => number;
  /** Length of an undisturbed build of one round: moments are drawn from it. */
  readonly spanMs: number;
}

/** Deletes a random dozen objects, so that every round compiles for real and stays short. */
async function makeDirty(stage: Omit<Stage, 'spanMs'>): Promise<void> {
  const objects = Object.keys(stage.wanted.objects);
  await rm(stage.options.store, {recursive: true, force: true});
  for (let i = 0; i < 12; i++) {
    await rm(join(stage.at.directory, pick(objects, stage.next)), {force: true});
  }
}

/** The victims of this kind below the client now. */
async function candidates(victim: Victim, client: number): Promise<Living[]> {
  if (victim === 'client') return (await living()).filter(each => each.pid === client);
  const below = descendants(await living(), client);
  const isNinja = (each: Living): boolean => /(^|\/)ninja$/.test(each.command[0] ?? '');
  const isWorker = (each: Living): boolean => each.command.some(word => word.endsWith('worker.js'));
  return below.filter(victim === 'ninja' ? isNinja : isWorker);
}

/** Kills one victim at or after the moment; gives every process seen below the client by then. */
async function killAt(
  victim: Victim,
  client: ChildProcess,
  stage: Stage,
): Promise<{hit: boolean; seen: Living[]}> {
  await pause(stage.next() * stage.spanMs);
  while (client.exitCode === null && client.signalCode === null && client.pid !== undefined) {
    const found = await candidates(victim, client.pid);
    if (found.length > 0) {
      const seen = descendants(await living(), client.pid);
      const chosen = pick(found, stage.next);
      try {
        process.kill(chosen.pid, 'SIGKILL');
        return {hit: true, seen};
      } catch {
        continue; // It ended by itself between the look and the shot.
      }
    }
    await pause(1);
  }
  return {hit: false, seen: []};
}

async function round(victim: Victim, stage: Stage): Promise<'hit' | 'missed' | 'wrong'> {
  await makeDirty(stage);
  const [program = '', ...args] = buildCommand(stage.at, stage.options);
  const client = spawn(program, args, {env: environment(), stdio: ['ignore', 'pipe', 'pipe']});
  const printed: Buffer[] = [];
  client.stdout.on('data', (bytes: Buffer) => printed.push(bytes));
  client.stderr.on('data', (bytes: Buffer) => printed.push(bytes));
  // 'exit' and not 'close': what outlives the client may hold its pipes open.
  const ended = new Promise<string>(resolve =>
    client.on('exit', (code, signal) => resolve(signal ?? `exit ${code}`)),
  );
  const {hit, seen} = await killAt(victim, client, stage);
  const end = await ended;
  if (!hit) return 'missed';

  const problems = await remains(seen, stage);
  problems.push(...(await tornLogs(stage.at)));
  if (victim === 'worker' && end !== 'exit 0') {
    problems.push(
      `the loss of a worker ended the build: ${end}`,
      ...Buffer.concat(printed).toString().split('\n'),
    );
  }
  const next = await build(stage.at, stage.options);
  const line = `${victim} killed (${end}), next build: ${told(next.summary)}`;
  const fine = check(problems.length === 0, line);
  for (const problem of problems.slice(0, 8)) say(`        ${problem.slice(0, 300)}`);
  const same = await quietly(() => judgeAll(stage.wanted, stage.at));
  // A worker's own folder holds copies of the user's files, whatever their names are; it is emptied at the next start.
  const temporary = (await filesBelow(stage.options.store)).filter(
    file => !file.startsWith('workers/') && /(^|[./-])(tmp|part)([./-]|$)/.test(file),
  );
  for (const file of temporary.slice(0, 5)) say(`        temporary file in the store: ${file}`);
  return fine && same && temporary.length === 0 ? 'hit' : 'wrong';
}

/** Processes that outlive the client beyond the grace, as text. */
async function remains(seen: readonly Living[], stage: Stage): Promise<string[]> {
  const places = [stage.at.directory, stage.options.store];
  const deadline = performance.now() + GRACE_MS;
  for (;;) {
    const left = await leftOver(seen, places);
    if (left.length === 0) return [];
    if (performance.now() > deadline)
      return left.map(each => `still runs: ${each.pid} ${each.command.join(' ')}`);
    await pause(20);
  }
}

/** What ninja would complain of in its own logs, right after the crash. */
async function tornLogs(at: BuildAt): Promise<string[]> {
  const log = await readFile(join(at.directory, '.ninja_log'), 'utf8').catch(() => '');
  const lines = log.split('\n').slice(1, -1);
  const torn = lines.filter(line => line.split('\t').length !== 5).map(line => `torn log line: ${line}`);
  const probe = await must(['ninja', '-n', ...at.targets], {cwd: at.directory});
  const warned = `${probe.stdout}${probe.stderr}`.split('\n').filter(line => line.includes('warning'));
  return [...torn, ...warned];
}

/** Says the checks only when one of them fails. */
async function quietly(judged: () => Promise<boolean>): Promise<boolean> {
  const write = process.stdout.write;
  const lines: string[] = [];
  process.stdout.write = (text: string | Uint8Array): boolean => lines.push(String(text)) > 0;
  let fine = false;
  try {
    fine = await judged();
  } finally {
    process.stdout.write = write;
    if (!fine) for (const line of lines) process.stdout.write(line);
  }
  return fine;
}

export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  const of: Configuration = {project: project(names[0] ?? 're2'), type: buildType(flags.get('type'))};
  const wanted = await reference(of, []);
  await putAside(of);
  const at: BuildAt = {directory: await configure(of), targets: []};
  const options: LlamaOptions = {store: place('store', 'crash')};
  const next = random(Number(flags.get('seed') ?? 1));
  await build(at, options);
  await makeDirty({at, options, wanted, next});
  const spanMs = (await build(at, options)).wallMs;
  say(`${of.project.name}: undisturbed rounds take ${Math.round(spanMs)} ms`);

  const count = Number(flags.get('count') ?? 30);
  const hits: Record<Victim, number> = {client: 0, worker: 0, ninja: 0};
  let wrong = 0;
  let missed = 0;
  for (let shots = 0; shots < count && missed < 10 * count; ) {
    const victim = victims[shots % victims.length] ?? 'client';
    const result = await round(victim, {at, options, wanted, next, spanMs});
    if (result === 'missed') missed++;
    else {
      shots++;
      hits[victim]++;
      if (result === 'wrong') wrong++;
    }
  }
  const total = Object.values(hits).reduce((sum, n) => sum + n, 0);
  const fine = check(wrong === 0 && total === count, `${total} of ${count} kills, ${wrong} with a fault`);
  say(`     ${JSON.stringify(hits)}; in ${missed} rounds no victim lived at the moment or after it`);
  await writeResult('crash', {project: of.project.name, kills: hits, wrong});
  return fine ? 0 : 1;
}
