/**
 * Statements of ninja's manifest language -> graph. Reads `build.ninja` and all that it includes; each edge's command
 * is evaluated and hashed once, at the end. Knows nothing of logs nor of what is dirty.
 */
import {readFileSync} from 'node:fs';
import {isAbsolute, join} from 'node:path';
import {FailureError, InvariantError} from '../../failure.ts';
import {EDGE_CONSOLE, EDGE_PHONY, type Graph, type NodeId} from '../../graph/graph.ts';
import {GraphBuilder} from '../../graph/graph-builder.ts';
import {optimisingSooner} from '../../v8-flags.ts';
import {canonicalPath} from './canonical-path.ts';
import type {HashKind} from './command-hash.ts';
import {type Bindings, EdgeScope, type EvalString, type Rule, RuleCycle, Scope} from './eval.ts';
import {fileStamp} from './file-stamp.ts';
import {finishEarly, finishEdge, LateVariable, type UnfinishedEdge} from './finish-edge.ts';
import {Lexer} from './lexer.ts';
import {binding, paths} from './statement-parts.ts';

/** What a rule may bind; anything else in a rule is an error. */
const RULE_BINDINGS = new Set([
  'command',
  'depfile',
  'dyndep',
  'description',
  'deps',
  'generator',
  'pool',
  'restat',
  'rspfile',
  'rspfile_content',
  'msvc_deps_prefix',
]);

export interface Manifest {
  readonly graph: Graph;
  /** The files that were read, as the manifests name them, the first one first. */
  readonly files: readonly string[];
  /** Of each of `files`, its stamp from before it was read. */
  readonly stamps: readonly string[];
  /** Oddities that ninja warns of. */
  readonly warnings: readonly string[];
}

/**
 * Reads `file` (relative to `directory`) and what it includes.
 * @throws FailureError with `manifest-invalid`, worded as ninja does
 */
export function loadManifest(options: ManifestOptions): Manifest {
  return optimisingSooner(() => load(options));
}

interface ManifestOptions {
  readonly directory: string;
  readonly file: string;
  readonly hashKind: HashKind;
  /** Version of the ninja that is to read it too; without one `ninja_required_version` is not looked at. */
  readonly ninjaVersion?: string;
}

function load(options: ManifestOptions): Manifest {
  try {
    return new ManifestLoader(options, false).load(options.file);
  } catch (error) {
    // To keep all scopes to the end costs half as much again, and hardly any manifest needs it.
    if (!(error instanceof LateVariable)) throw error;
    return new ManifestLoader(options, true).load(options.file);
  }
}

class ManifestLoader {
  readonly #directory: string;
  readonly #hashKind: HashKind;
  readonly #ninjaVersion: string | undefined;
  readonly #graph = new GraphBuilder();
  readonly #files: string[] = [];
  readonly #stamps: string[] = [];
  readonly #warnings: string[] = [];
  readonly #defaults: NodeId[] = [];
  readonly #root = new Scope();
  /** Edges that are evaluated at the end; absent where that can be done at once. */
  readonly #late: UnfinishedEdge[] | undefined;

  constructor(options: {directory: string; hashKind: HashKind; ninjaVersion?: string}, isLate: boolean) {
    this.#late = isLate ? [] : undefined;
    this.#ninjaVersion = options.ninjaVersion;
    this.#directory = options.directory;
    this.#hashKind = options.hashKind;
    this.#root.addRule({name: 'phony', bindings: new Map()});
  }

  load(file: string): Manifest {
    let text: string;
    try {
      text = this.#read(file);
    } catch (error) {
      if (error instanceof FailureError) throw error;
      throw new FailureError({
        reason: 'manifest-invalid',
        file,
        text: `loading '${file}': ${systemText(error)}`,
      });
    }
    this.#parse(new Lexer(file, text), this.#root);
    for (const edge of this.#late ?? []) finishEdge(edge, this.#graph, this.#hashKind);
    const graph = this.#graph.freeze({defaults: this.#defaults, buildDir: this.#root.lookup('builddir')});
    return {graph, files: this.#files, stamps: this.#stamps, warnings: this.#warnings};
  }

  #read(file: string): string {
    const place = isAbsolute(file) ? file : join(this.#directory, file);
    const stamp = fileStamp(place);
    const bytes = readFileSync(place);
    this.#files.push(file);
    this.#stamps.push(stamp);
    // Ninja takes any bytes; a graph holds strings, so that what is not UTF-8 cannot keep its spelling.
    const text = bytes.toString();
    if (text.includes('\ufffd') && !Buffer.from(text).equals(bytes)) {
      throw new FailureError({
        reason: 'manifest-invalid',
        file,
        line: text.slice(0, text.indexOf('\ufffd')).split('\n').length,
        text: 'not UTF-8',
      });
    }
    return text;
  }

  #parse(lexer: Lexer, scope: Scope): void {
    for (;;) {
      const token = lexer.readToken();
      switch (token) {
        case 'build':
          this.#edge(lexer, scope);
          break;
        case 'rule':
          this.#rule(lexer, scope);
          break;
        case 'pool':
          this.#pool(lexer, scope);
          break;
        case 'default':
          this.#default(lexer, scope);
          break;
        case 'include':
        case 'subninja':
          this.#include(lexer, scope, token === 'subninja');
          break;
        case 'ident': {
          lexer.unreadToken();
          const [name, value] = binding(lexer);
          const text = scope.evaluate(value);
          if (name === 'ninja_required_version') this.#checkVersion(text);
          if (!this.#late && scope.isUsed && scope.lookup(name) !== text) throw new LateVariable();
          scope.set(name, text);
          break;
        }
        case 'newline':
          break;
        case 'eof':
          return;
        case 'error':
          throw lexer.error(lexer.describeError());
        default:
          throw lexer.error(`unexpected ${Lexer.nameOf(token)}`);
      }
    }
  }

  /** At once, since a later ninja's language may look like errors. */
  #checkVersion(required: string): void {
    if (!this.#isBefore(...versionOf(required))) return;
    throw new FailureError({
      reason: 'manifest-invalid',
      file: this.#files[0]!,
      text: `ninja version (${this.#ninjaVersion}) incompatible with build file ninja_required_version version (${required}).`,
    });
  }

  /** Whether it is an older ninja that is to read the manifest too. */
  #isBefore(needMajor: number, needMinor: number): boolean {
    if (this.#ninjaVersion === undefined) return false;
    const [major, minor] = versionOf(this.#ninjaVersion);
    return major < needMajor || (major === needMajor && minor < needMinor);
  }

  #pool(lexer: Lexer, scope: Scope): void {
    const name = lexer.readIdent();
    if (name === undefined) throw lexer.error('expected pool name');
    lexer.expect('newline');
    if (name === 'console' || this.#graph.pool(name) >= 0) throw lexer.error(`duplicate pool '${name}'`);
    let depth = -1;
    while (lexer.peek('indent')) {
      const [key, value] = binding(lexer);
      if (key !== 'depth') throw lexer.error(`unexpected variable '${key}'`);
      depth = Number.parseInt(scope.evaluate(value), 10);
      if (Number.isNaN(depth)) depth = 0;
      if (depth < 0) throw lexer.error('invalid pool depth');
    }
    if (depth < 0) throw lexer.error("expected 'depth =' line");
    this.#graph.addPool({name, depth});
  }

  #rule(lexer: Lexer, scope: Scope): void {
    const name = lexer.readIdent();
    if (name === undefined) throw lexer.error('expected rule name');
    lexer.expect('newline');
    if (scope.hasOwnRule(name)) throw lexer.error(`duplicate rule '${name}'`);
    const bindings: Bindings = new Map();
    while (lexer.peek('indent')) {
      const [key, value] = binding(lexer);
      if (!RULE_BINDINGS.has(key)) throw lexer.error(`unexpected variable '${key}'`);
      bindings.set(key, value);
    }
    const isEmpty = (key: string) => (bindings.get(key) ?? '').length === 0;
    if (isEmpty('rspfile') !== isEmpty('rspfile_content')) {
      throw lexer.error('rspfile and rspfile_content need to be both specified');
    }
    if (isEmpty('command')) throw lexer.error("expected 'command =' line");
    scope.addRule({name, bindings});
  }

  #default(lexer: Lexer, scope: Scope): void {
    let next = lexer.readPath();
    if (next.length === 0) throw lexer.error('expected target name');
    for (; next.length > 0; next = lexer.readPath()) {
      const path = scope.evaluate(next);
      if (path === '') throw lexer.error('empty path');
      const node = this.#graph.find(canonicalPath(path));
      if (node === undefined) throw lexer.error(`unknown target '${canonicalPath(path)}'`);
      this.#defaults.push(node);
    }
    lexer.expect('newline');
  }

  #include(lexer: Lexer, scope: Scope, ownScope: boolean): void {
    const file = scope.evaluate(lexer.readPath());
    let text: string;
    try {
      text = this.#read(file);
    } catch (error) {
      if (error instanceof FailureError) throw error;
      throw lexer.error(`loading '${file}': ${systemText(error)}`);
    }
    this.#parse(new Lexer(file, text), ownScope ? new Scope(scope) : scope);
    lexer.expect('newline');
  }

  #edge(lexer: Lexer, fileScope: Scope): void {
    const outs = paths(lexer);
    const explicitOuts = outs.length;
    if (lexer.peek('pipe')) outs.push(...paths(lexer));
    if (outs.length === 0) throw lexer.error('expected path');
    lexer.expect('colon');
    const ruleName = lexer.readIdent();
    if (ruleName === undefined) throw lexer.error('expected build command name');
    const rule = fileScope.rule(ruleName);
    if (!rule) throw lexer.error(`unknown build rule '${ruleName}'`);
    const ins = paths(lexer);
    const explicitIns = ins.length;
    if (lexer.peek('pipe')) ins.push(...paths(lexer));
    const dirtyingIns = ins.length;
    if (lexer.peek('pipe2')) ins.push(...paths(lexer));
    const validations = lexer.peek('pipe@') ? paths(lexer) : [];
    lexer.expect('newline');

    fileScope.markUsed();
    const hasOwn = lexer.peek('indent');
    const scope = hasOwn ? new Scope(fileScope) : fileScope;
    if (hasOwn) {
      do {
        const [key, value] = binding(lexer);
        scope.set(key, fileScope.evaluate(value));
      } while (lexer.peek('indent'));
    }

    const node = (text: EvalString): NodeId => {
      const path = scope.evaluate(text);
      if (path === '') throw lexer.error('empty path');
      return this.#graph.node(canonicalPath(path));
    };
    const outNodes = outs.map(node);
    const made = outNodes.length > 1 ? new Set<NodeId>() : undefined;
    for (const out of outNodes) {
      const isTwice = made?.has(out) ?? false;
      if (this.#graph.producer(out) >= 0 || (isTwice && this.#isBefore(1, 12)))
        throw lexer.error(`multiple rules generate ${this.#graph.path(out)}`);
      if (isTwice) throw lexer.error(`${this.#graph.path(out)} is defined as an output multiple times`);
      made?.add(out);
    }
    const isPhony = rule.name === 'phony' && rule.bindings.size === 0;
    let inNodes = ins.map(node);
    let explicit = explicitIns;
    let dirtying = dirtyingIns;
    // CMake 2.8.12 and 3.0 name phony targets among their own inputs.
    const isPlain = outNodes.length === 1 && explicitOuts === 1 && dirtyingIns === explicitIns;
    if (isPhony && isPlain && inNodes.includes(outNodes[0]!)) {
      const self = outNodes[0]!;
      this.#warnings.push(
        `phony target '${this.#graph.path(self)}' names itself as an input; ignoring [-w phonycycle=warn]`,
      );
      const kept = inNodes.slice(0, explicit).filter(id => id !== self);
      inNodes = [...kept, ...inNodes.slice(explicit).filter(id => id !== self)];
      explicit = kept.length;
      dirtying = explicit;
    }
    const edge = new EdgeScope({
      rule,
      scope,
      ins: inNodes.slice(0, explicit).map(id => this.#graph.path(id)),
      outs: outNodes.slice(0, explicitOuts).map(id => this.#graph.path(id)),
    });
    try {
      this.#add({
        lexer,
        rule,
        edge,
        isPhony,
        ins: inNodes,
        explicitIns: explicit,
        dirtyingIns: dirtying,
        outs: outNodes,
        explicitOuts,
        validations: validations.map(node),
      });
    } catch (error) {
      throw error instanceof RuleCycle ? lexer.error(error.message) : error;
    }
  }

  #add(spec: {
    lexer: Lexer;
    rule: Rule;
    edge: EdgeScope;
    isPhony: boolean;
    ins: NodeId[];
    explicitIns: number;
    dirtyingIns: number;
    outs: NodeId[];
    explicitOuts: number;
    validations: NodeId[];
  }): void {
    const {edge, lexer} = spec;
    const poolName = edge.binding('pool');
    const pool = poolName === '' || poolName === 'console' ? -1 : this.#graph.pool(poolName);
    if (poolName !== '' && poolName !== 'console' && pool < 0) {
      throw lexer.error(`unknown pool name '${poolName}'`);
    }
    const dyndepPath = edge.unescaped('dyndep');
    let dyndep = -1;
    if (dyndepPath !== '') {
      dyndep = this.#graph.node(canonicalPath(dyndepPath));
      if (!spec.ins.includes(dyndep)) {
        throw lexer.error(`dyndep '${canonicalPath(dyndepPath)}' is not an input`);
      }
    }
    const id = this.#graph.addEdge({
      texts: {rule: spec.rule.name},
      flags: (spec.isPhony ? EDGE_PHONY : 0) | (poolName === 'console' ? EDGE_CONSOLE : 0),
      pool,
      ins: spec.ins,
      explicitIns: spec.explicitIns,
      dirtyingIns: spec.dirtyingIns,
      outs: spec.outs,
      explicitOuts: spec.explicitOuts,
      validations: spec.validations,
      dyndep,
      hash: [0, 0],
    });
    if (spec.isPhony) return;
    const unfinished = {edge: id, scope: edge, file: lexer.file};
    if (this.#late) this.#late.push(unfinished);
    else finishEarly(unfinished, this.#graph, this.#hashKind);
  }
}

function versionOf(text: string): [major: number, minor: number] {
  const [major, minor] = text.split('.').map(part => Number.parseInt(part, 10) || 0);
  return [major ?? 0, minor ?? 0];
}

/** The C library's sentence for a file error, which is what ninja prints. */
function systemText(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOENT':
      return 'No such file or directory';
    case 'EACCES':
      return 'Permission denied';
    case 'EISDIR':
      return 'Is a directory';
    case undefined:
      throw new InvariantError('not a file error', {cause: error});
    default:
      return code;
  }
}
