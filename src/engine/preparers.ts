/** How each edge that goes to a worker becomes an action: compiles by what is known of compilers, others by what they declare. */
import {canonicalPath} from '../frontends/ninja/canonical-path.ts';
import type {FileState} from '../graph/file-state.ts';
import type {EdgeId} from '../graph/graph.ts';
import {CompilePreparer, type RemoteCompile} from '../remote/compile-preparer.ts';
import {absoluteIn, type Discovery} from '../remote/discovery.ts';
import type {Prepared} from '../remote/prepared.ts';
import type {Toolchains} from '../remote/toolchains.ts';
import {ToolPreparer} from '../remote/tools/tool-preparer.ts';
import type {Lanes} from './lanes.ts';
import type {Look} from './look.ts';
import {logicalDirectories} from './pwd.ts';

export interface PreparersOptions {
  readonly look: Look;
  readonly lanes: Lanes;
  readonly files: FileState;
  readonly toolchains: Toolchains;
  readonly discovery: Discovery;
  readonly environment: NodeJS.ProcessEnv;
  readonly umask: number;
  readonly warn: (text: string) => void;
}

export function preparers(options: PreparersOptions): (edge: EdgeId) => Promise<Prepared> {
  const {look, lanes, environment} = options;
  const {project, freshness} = look;
  const {graph, directory} = project;
  const directoryOf = (edge: EdgeId) => project.directoryOf(edge);
  const logical = logicalDirectories(environment.PWD);
  const pwdOf = (edge: EdgeId) => logical(directoryOf(edge));
  const compiler = new CompilePreparer({
    ...options,
    canonicalPath,
    compileOf: edge => lanes.classificationOf(edge) as RemoteCompile,
    directoryOf,
    pwdOf,
    envOf: () => environment,
  });
  const tools = new ToolPreparer({
    ...options,
    graph,
    directory,
    canonicalPath,
    toolOf: edge => lanes.toolOf(edge)!,
    directoryOf,
    pwdOf,
    recordedInputs: edge =>
      Array.from(freshness.discoveredIns(edge), node =>
        canonicalPath(absoluteIn(directory, graph.path(node))),
      ),
  });
  return edge => (lanes.toolOf(edge) ? tools : compiler).prepare(edge);
}
