/** What the command lines of all commands have in common: flags with values, checked, or one line of what is wrong. */
import {parseArgs} from 'node:util';
import {err, type OptionInvalid, ok, type Result} from '../failure.ts';
import {nearest} from './edit-distance.ts';
import type {SettingValues} from './settings.ts';

export type Parsed<T> = Result<T | 'help', OptionInvalid>;

export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
}

export function parse<T extends Record<string, Flag>>(argv: readonly string[], flags: T, help: string) {
  try {
    const args = joinNegativeNumbers(argv, flags);
    return ok(parseArgs({args, options: flags, allowPositionals: true, strict: true}));
  } catch (error) {
    const {message} = error as Error;
    const valueless = /^Option '(-[^ ,']*)[^']*' argument (?:missing|is ambiguous)/.exec(message)?.[1];
    if (valueless !== undefined) return invalid(`${valueless} needs a value`, `see: ${help}`);
    const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
    if (unknown === undefined) return invalid(lowerFirst(message.split(/\. |\n/)[0]!), `see: ${help}`);
    const known = Object.entries(flags).flatMap(([name, flag]) =>
      flag.short === undefined ? [`--${name}`] : [`--${name}`, `-${flag.short}`],
    );
    // Any letter is near any other.
    const [best] = unknown.length === 2 ? [] : nearest(unknown, known, 2);
    const hint = best === undefined ? `see: ${help}` : `did you mean ${best}? see: ${help}`;
    return invalid(`unknown flag '${unknown}'`, hint);
  }
}

/** `-k -1` -> `-k-1`: parseArgs takes the number for a flag, and would not say what is wrong with it. */
function joinNegativeNumbers(argv: readonly string[], flags: Readonly<Record<string, Flag>>): string[] {
  const openings = new Map<string, string>();
  for (const [name, {type, short}] of Object.entries(flags)) {
    if (type === 'boolean') continue;
    openings.set(`--${name}`, `--${name}=`);
    if (short !== undefined) openings.set(`-${short}`, `-${short}`);
  }
  const joined: string[] = [];
  for (const word of argv) {
    const opening = joined.includes('--') ? undefined : openings.get(joined.at(-1) ?? '');
    if (opening === undefined || !/^-\d/.test(word)) joined.push(word);
    else joined.splice(-1, 1, `${opening}${word}`);
  }
  return joined;
}

export function wholeNumber(
  text: string | undefined,
  flag: string,
  least: number,
): Result<number | undefined, OptionInvalid> {
  if (text === undefined) return ok(undefined);
  if (!/^\d+$/.test(text) || Number(text) < least) {
    return invalid(`${flag} takes a whole number of at least ${least}, not '${text}'`);
  }
  return ok(Number(text));
}

export function share(text: string | undefined): Result<number | undefined, OptionInvalid> {
  if (text === undefined) return ok(undefined);
  const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text);
  const value = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : Number.NaN;
  if (!(value >= 0 && value <= 1)) {
    return invalid(`--verify takes a share from 0 to 1 (or 0% to 100%), not '${text}'`);
  }
  return ok(value);
}

export function dollars(text: string | undefined): Result<number | undefined, OptionInvalid> {
  if (text === undefined) return ok(undefined);
  const value = /^\$?(\d+(?:\.\d+)?|\.\d+)$/.exec(text)?.[1];
  if (value === undefined) return invalid(`--max-cost takes US dollars such as 0.50, not '${text}'`);
  return ok(Number(value));
}

export function seconds(text: string | undefined, flag: string): Result<number | undefined, OptionInvalid> {
  if (text === undefined) return ok(undefined);
  const value = /^(?:\d+(?:\.\d+)?|\.\d+)$/.test(text) ? Number(text) : 0;
  if (value <= 0 || value > 86_400) {
    return invalid(`${flag} takes seconds such as 1 or 0.5, at most a day of them, not '${text}'`);
  }
  return ok(value);
}

/** Without those that are not set. */
export function settingsOf(
  values: {readonly [Name in keyof SettingValues]: SettingValues[Name] | undefined},
): SettingValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

export function oneOf<T extends string>(
  text: string | undefined,
  values: readonly T[],
  flag: string,
): Result<T | undefined, OptionInvalid> {
  if (text === undefined) return ok(undefined);
  const found = values.find(value => value === text);
  if (found !== undefined) return ok(found);
  return invalid(`${flag} takes ${values.join(' or ')}, not '${text}'`);
}

export function valueIn<T>(result: Result<T, OptionInvalid>): T | undefined {
  return result.ok ? result.value : undefined;
}

export function invalid(text: string, hint?: string): {readonly ok: false; readonly error: OptionInvalid} {
  return err({reason: 'option-invalid', text, ...(hint === undefined ? {} : {hint})});
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
