/**
 * Everything that can happen in a build, as one union. The progress display, the plain log, the trace and the summary
 * all read this stream, so that their figures never disagree. Events refer to edges by text, never to the graph.
 */

export type Report = (event: Event) => void;

export type Event =
  | GraphLoaded
  | BuildPlanned
  | EdgeStarted
  | EdgeFinished
  | EdgeBroke
  | EdgeReturned
  | CompileVerified
  | Note
  | Output
  | Listing
  | CloudReady
  | BuildFinished
  | WatchReady
  | WatchBegan
  | WatchBuilt
  | ProgramStarted
  | ProgramEnded;

/** A description was read. */
export interface GraphLoaded {
  readonly type: 'graph-loaded';
  readonly name: string;
  readonly edges: number;
}

/** What is to be done, also after each new plan within one build. */
export interface BuildPlanned {
  readonly type: 'build-planned';
  readonly name: string;
  readonly compiles: number;
  readonly others: number;
  readonly edgesTotal: number;
}

/** The workers that compiles go to. */
export interface CloudReady {
  readonly type: 'cloud-ready';
  readonly text: string;
}

export interface EdgeStarted {
  readonly type: 'edge-started';
  readonly id: number;
  readonly isCompile: boolean;
  readonly label: string;
  /** Takes the terminal for itself until it ends. */
  readonly isConsole: boolean;
}

export interface EdgeFinished {
  readonly type: 'edge-finished';
  readonly id: number;
  readonly isCompile: boolean;
  /** The edge's first output. */
  readonly target: string;
  readonly label: string;
  readonly command: string;
  readonly place: 'remote' | 'cached' | 'local' | 'ninja';
  readonly localReason?: string;
  readonly output: Uint8Array;
}

export interface EdgeBroke {
  readonly type: 'edge-failed';
  readonly id: number;
  readonly isCompile: boolean;
  readonly output: Uint8Array;
  /** The edge's first output, as ninja names a failure. */
  readonly target: string;
  readonly command: string;
  readonly exitCode: number;
  readonly place: 'remote' | 'cached' | 'local' | 'ninja';
  /** Milliseconds. */
  readonly duration: number;
  /** Output already holds ninja's own report of the failure. */
  readonly isReported: boolean;
}

/** It was started and came to nothing: interrupted, or it has to wait for another edge first. */
export interface EdgeReturned {
  readonly type: 'edge-returned';
  readonly id: number;
}

/** A worker's object was compared with that of a local compile. */
export interface CompileVerified {
  readonly type: 'compile-verified';
  /** `unstable`: two local compiles differ as well, which says nothing of the worker. */
  readonly outcome: 'equal' | 'differed' | 'unstable';
}

/** One thing worth a line; `level` decides where it may be left out. */
export interface Note {
  readonly type: 'note';
  /** `info` goes with a display of progress; `notice` explains why nothing happens, and is always shown. */
  readonly level: 'info' | 'notice' | 'warning';
  readonly text: string;
}

/** Lines that `-d` asked for. */
export interface Listing {
  readonly type: 'listing';
  readonly text: string;
}

/** What ninja printed when it worked by itself. */
export interface Output {
  readonly type: 'output';
  readonly bytes: Uint8Array;
}

export interface BuildFinished {
  readonly type: 'build-finished';
  readonly result: 'built' | 'failed' | 'interrupted';
  readonly summary: Summary;
}

/** Nothing is being built; a change of these files starts the next build. */
export interface WatchReady {
  readonly type: 'watch-ready';
  readonly files: number;
}

/** A build of a watch begins. */
export interface WatchBegan {
  readonly type: 'watch-began';
  /** Absolute paths of what changed; none where nothing in particular did. */
  readonly changed: readonly string[];
  /** Whether so many changed that everything was looked at. */
  readonly isBurst: boolean;
}

export interface WatchBuilt {
  readonly type: 'watch-built';
  readonly result: 'built' | 'failed' | 'interrupted';
}

/** The user's own program, after a build without failures. */
export interface ProgramStarted {
  readonly type: 'program-started';
  readonly command: string;
}

export interface ProgramEnded {
  readonly type: 'program-ended';
  readonly command: string;
  /** 128 plus the signal's number where one ended it. */
  readonly status: number;
}

/** The object that `--summary` writes. Fields are only ever added. */
export interface Summary {
  schema: 1;
  result: 'built' | 'failed' | 'interrupted';
  edges: {total: number; dirty: number; compiles: number};
  compiles: {remote: number; cached: number; local: number; failed: number};
  /** Commands by `--remote-rule`, which are no compiles. */
  remote_rules: {remote: number; cached: number; local: number};
  local_reasons: Record<string, number>;
  local_runs: number;
  /** By `--verify`: compiles done twice, and how many of them differed on the worker. */
  verified: {compared: number; differed: number};
  wall_ms: number;
  client_cpu_ms: number;
  discovery_cpu_ms: number;
  client_rss_mb: number;
  loop_delay_max_ms: number;
  requests: {get: number; put: number; head: number; list: number};
  /** Those of `requests` that workers made. */
  worker_requests: {get: number; put: number; head: number};
  bytes: {up: number; down: number};
  invocations: {started: number; retried: number};
  /** Requests to the cloud that were made again, by reason. */
  retries: Record<string, number>;
  /** What the workers are billed for; 0 when embedded. */
  billed_ms: number;
  /** Workers that had to get a compiler first: bytes of it and ms, until their first compile began, all together. */
  fresh_environments: {count: number; bytes: number; unpack_ms: number; delay_ms: number};
  cost_usd: number;
}

export function combine(...reports: readonly Report[]): Report {
  return event => {
    for (const report of reports) report(event);
  };
}
