/** What a list of compiles gives, for people: each thing that is not simply built with its number, an example and why. */

import {SENTENCES} from '../engine/local-reasons.ts';
import type {CompilesList, ObjectCompile} from '../frontends/compiles-list.ts';
import {depfilesText, type MissingDepfiles} from '../frontends/makefile-depfiles.ts';
import {grouped} from '../ui/lines.ts';

export interface ImportFindings {
  /** The list, as the user would name it. */
  readonly shown: string;
  readonly list: CompilesList;
  /** Compiles whose source is not there. */
  readonly absent: ReadonlySet<ObjectCompile>;
  /** Compiles that stay here, by reason: object, or object and what in its command gives the reason. */
  readonly local: ReadonlyMap<string, readonly string[]>;
  readonly missingDepfiles: MissingDepfiles | undefined;
}

export function importReport({shown, list, absent, local, missingDepfiles}: ImportFindings): string {
  const stay = [...local.values()].reduce((sum, {length}) => sum + length, 0);
  const lines = [
    `${shown}: ${count(list.entries, 'entry', 'entries')}, ${count(list.compiles.length, 'compile')}`,
    `  ${list.compiles.length - absent.size - stay} remote, ${stay} local`,
    ...[...local]
      .sort(([, one], [, other]) => other.length - one.length)
      .map(([reason, objects]) => `    ${objects.length} ${reason}: ${SENTENCES[reason]} (${such(objects)})`),
  ];
  const left = notBuilt(list, absent);
  if (left.length > 0) lines.push('  besides', ...left.map(line => `    ${line}`));
  if (missingDepfiles !== undefined) lines.push(`  note: ${depfilesText(missingDepfiles)}`);
  return lines.join('\n');
}

function notBuilt(list: CompilesList, absent: ReadonlySet<ObjectCompile>): string[] {
  const {repeated, ambiguous, links, headers, others, unplaced} = list;
  const lines: string[] = [];
  if (repeated > 0) lines.push(`${repeated} said before: the same object by the same words, built once`);
  if (ambiguous.length > 0) {
    lines.push(
      `${ambiguous.length} listed with other words as well: the first command is taken (${such(ambiguous)})`,
    );
  }
  if (links.length > 0) {
    const listed = links.length === 1 ? 'link listed as a compile' : 'links listed as compiles';
    lines.push(`${links.length} ${listed}: left to your own tool (${such(links)})`);
  }
  if (headers > 0) lines.push(`${count(headers, 'header')}: nothing to build`);
  if (unplaced > 0) {
    const which = unplaced === 1 ? 'that needs a shell and names' : 'that need a shell and name';
    lines.push(`${unplaced} ${which} no output: left to your own tool`);
  }
  if (others.length > 0) {
    const programs = [...new Set(others)].filter(name => name !== '');
    const named = programs.length === 0 ? '' : ` (${such(programs)})`;
    lines.push(`${others.length} no compile of C or C++: left to your own tool${named}`);
  }
  if (absent.size > 0) {
    const them = absent.size === 1 ? 'it' : 'them';
    const sources = [...absent].map(({source}) => source);
    lines.push(
      `${count(absent.size, 'source')} not there: left out, make ${them} with your own tool first (${such(sources)})`,
    );
  }
  return lines;
}

/** A few of them. */
function such(names: readonly string[]): string {
  const few = names.slice(0, 2).join(', ');
  return names.length > 2 ? `${few}, ...` : few;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}
