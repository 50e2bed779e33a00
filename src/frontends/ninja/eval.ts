/**
 * `$variables` of a manifest and their scopes. A rule's bindings are evaluated late, in the scope of the edge that uses
 * them; all others at once, in the scope of the file.
 */

/** A piece of a text with variables: literal text, or the name of a variable. */
export type EvalPart = string | {readonly variable: string};
/** A text with variables; a plain string where it has none, which is the common case. */
export type EvalString = string | readonly EvalPart[];

export type Bindings = Map<string, EvalString>;

export interface Rule {
  readonly name: string;
  readonly bindings: Bindings;
}

/** Variables and rules of a file, or of one edge; what is not here is looked up in the parent. */
export class Scope {
  readonly #parent: Scope | undefined;
  readonly #variables = new Map<string, string>();
  /** Made when it is needed: an edge has no rules of its own, and there are many edges. */
  #rules: Map<string, Rule> | undefined;
  #isUsed = false;

  constructor(parent?: Scope) {
    this.#parent = parent;
  }

  set(name: string, value: string): void {
    this.#variables.set(name, value);
  }

  lookup(name: string): string {
    return this.#variables.get(name) ?? this.#parent?.lookup(name) ?? '';
  }

  /** The value in this scope alone. */
  own(name: string): string | undefined {
    return this.#variables.get(name);
  }

  /** Whether an edge of this scope, or of one below, has been met. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  markUsed(): void {
    for (let scope: Scope | undefined = this; scope && !scope.#isUsed; scope = scope.#parent)
      scope.#isUsed = true;
  }

  get parent(): Scope | undefined {
    return this.#parent;
  }

  addRule(rule: Rule): void {
    this.#rules ??= new Map();
    this.#rules.set(rule.name, rule);
  }

  hasOwnRule(name: string): boolean {
    return this.#rules?.has(name) ?? false;
  }

  rule(name: string): Rule | undefined {
    return this.#rules?.get(name) ?? this.#parent?.rule(name);
  }

  evaluate(text: EvalString): string {
    if (typeof text === 'string') return text;
    let value = '';
    for (const part of text) value += typeof part === 'string' ? part : this.lookup(part.variable);
    return value;
  }
}

/** Thrown for a rule variable that needs itself; ninja dies of it too. */
export class RuleCycle extends Error {}

/**
 * The variables as one edge sees them: `$in`, `$out`, its own, its rule's (late), then those of the scopes around. An
 * edge without variables of its own has its file's scope as its own: the file's `command` then hides the rule's, as it
 * does in ninja (`BindingEnv::LookupWithFallback`).
 */
export class EdgeScope {
  readonly #rule: Rule;
  readonly #scope: Scope;
  readonly #ins: readonly string[];
  readonly #outs: readonly string[];
  readonly #visiting: string[] = [];
  #escape = true;

  /** `scope` is the edge's own if it has variables, else the file's. `ins` and `outs` are the explicit ones. */
  constructor(edge: {rule: Rule; scope: Scope; ins: readonly string[]; outs: readonly string[]}) {
    this.#rule = edge.rule;
    this.#scope = edge.scope;
    this.#ins = edge.ins;
    this.#outs = edge.outs;
  }

  /** Value with the paths of `$in` and `$out` quoted for the shell where they need it. */
  binding(name: string): string {
    this.#escape = true;
    return this.#lookup(name);
  }

  /** Value with paths as they are, for what names a file. */
  unescaped(name: string): string {
    this.#escape = false;
    return this.#lookup(name);
  }

  #lookup(name: string): string {
    if (name === 'in') return this.#list(this.#ins, ' ');
    if (name === 'in_newline') return this.#list(this.#ins, '\n');
    if (name === 'out') return this.#list(this.#outs, ' ');
    const own = this.#scope.own(name);
    if (own !== undefined) return own;
    const text = this.#rule.bindings.get(name);
    if (text !== undefined) return this.#evaluate(name, text);
    return this.#scope.parent?.lookup(name) ?? '';
  }

  #evaluate(name: string, text: EvalString): string {
    if (typeof text === 'string') return text;
    if (this.#visiting.includes(name)) {
      const cycle = this.#visiting.slice(this.#visiting.indexOf(name));
      throw new RuleCycle(`cycle in rule variables: ${[...cycle, name].join(' -> ')}`);
    }
    this.#visiting.push(name);
    let value = '';
    for (const part of text) value += typeof part === 'string' ? part : this.#lookup(part.variable);
    this.#visiting.pop();
    return value;
  }

  #list(paths: readonly string[], separator: string): string {
    return (this.#escape ? paths.map(shellEscape) : paths).join(separator);
  }
}

/** Ninja's quoting of a path for a POSIX shell: single quotes, only where a character asks for them. */
export function shellEscape(path: string): string {
  return /^[A-Za-z0-9_+\-./]*$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
