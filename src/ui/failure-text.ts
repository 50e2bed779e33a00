/** Failure -> sentences for people: what failed, the thing by name, then the next step. The only place that does so. */
import {quote as quoteWords} from 'shell-quote';
import {type DescriptionMissing, type Failure, unreachable} from '../failure.ts';

export function failureText(failure: Failure): string {
  switch (failure.reason) {
    case 'manifest-invalid': {
      const place = failure.line === undefined ? '' : `${failure.file}:${failure.line}: `;
      const excerpt = failure.excerpt === undefined ? '' : `\n${failure.excerpt}`;
      return `${place}${failure.text}${excerpt}`;
    }
    case 'input-missing': {
      const needed = failure.neededBy === '' ? '' : `, needed by '${failure.neededBy}',`;
      return `'${failure.path}'${needed} missing and no known rule to make it`;
    }
    case 'description-missing':
      return [whatIsMissing(failure), ...nextSteps(failure).map(step => `  ${step}`)].join('\n');
    case 'target-unknown': {
      const hint =
        failure.nearest.length === 0 ? '' : `, did you mean ${failure.nearest.map(quote).join(' or ')}?`;
      const place = failure.lookedIn === undefined ? '' : ` of ${quote(failure.lookedIn)}`;
      if (!failure.isFirstWord) return `unknown target '${failure.target}'${place}${hint}`;
      return `'${failure.target}' is neither a directory nor a target${place}${hint}`;
    }
    case 'option-invalid':
      return failure.hint === undefined ? failure.text : `${failure.text}\n  ${failure.hint}`;
    case 'directory-busy':
      return `'${failure.directory}' is in use by ${failure.holder} (process ${failure.pid}): let it end, then try again`;
    case 'store-unusable':
      return `cannot use the store '${failure.directory}': ${failure.text}\n  free space or name another folder: --store DIR`;
    case 'tool-missing':
      return `${failure.tool} was not found; it is needed for ${failure.neededFor}: install it, or put it on the PATH`;
    case 'platform-unsupported':
      return `this is ${failure.platform}; llama runs on Linux on x86-64 only`;
    case 'cloud-failed':
      return `${failure.text}\n  ${failure.hint}`;
    case 'edge-failed':
      return `${failure.count} failed`;
    case 'then-failed':
      return `'${failure.command}' ended with status ${failure.status}; the build before it has no failures, and is recorded`;
    case 'interrupted':
      return 'interrupted';
    default:
      return unreachable(failure);
  }
}

function whatIsMissing({directories, lookedFor, word, configured}: DescriptionMissing): string {
  const files = lookedFor.join(', ');
  const places = directories.map(quote).join(' or ');
  if (configured?.cmake) {
    const {directory, cmake} = configured;
    return isForNinja(cmake.generator)
      ? `${quote(directory)} is configured for ${cmake.generator}, but holds no build.ninja`
      : `${quote(directory)} is configured for ${cmake.generator}: there is no ${lookedFor.join(' or ')} in it`;
  }
  if (word === undefined) return `no build description in ${places}: looked for ${files}`;
  if (directories.includes(word)) return `there is no directory ${quote(word)}`;
  return `there is no directory ${quote(word)}, and no build description in ${places} that could have such a target: looked for ${files}`;
}

function nextSteps({directories, nearby = [], configured, source}: DescriptionMissing): string[] {
  const found = nearby.map(
    directory => `there is one in ${quote(directory)}: llama build ${inShell(directory)}`,
  );
  if (configured?.cmake) {
    const {directory, cmake, another} = configured;
    const from = inShell(cmake.source);
    const next = isForNinja(cmake.generator)
      ? `to make it: cmake -S ${from} -B ${inShell(directory)}`
      : `to configure another directory for ninja: cmake -G Ninja -S ${from} -B ${inShell(another)}`;
    return [...(cmake.generator === 'Unix Makefiles' ? [byMake(directory)] : []), next, ...found];
  }
  if (found.length > 0) return found;
  if (configured && source === undefined) return [byMake(configured.directory)];
  const [first = ''] = directories;
  const directory = first === source ? `${first}/build` : first;
  return [
    `to make one: cmake -G Ninja -S ${source === undefined ? 'SOURCE_DIR' : inShell(source)} -B ${inShell(directory)}`,
  ];
}

function byMake(directory: string): string {
  return `to build it by its Makefile: llama make${directory === '.' ? '' : ` -C ${inShell(directory)}`}`;
}

function isForNinja(generator: string): boolean {
  return generator.startsWith('Ninja');
}

/** Exit status of the program for a failure that ended it. */
export function exitStatus(failure: Failure): number {
  switch (failure.reason) {
    case 'edge-failed':
    case 'then-failed':
    case 'cloud-failed':
      return 1;
    case 'interrupted':
      return failure.signal === 'SIGINT' ? 130 : failure.signal === 'SIGTERM' ? 143 : 129;
    case 'manifest-invalid':
    case 'input-missing':
    case 'description-missing':
    case 'target-unknown':
    case 'option-invalid':
    case 'directory-busy':
    case 'store-unusable':
    case 'tool-missing':
    case 'platform-unsupported':
      return 2;
    default:
      return unreachable(failure);
  }
}

function quote(text: string): string {
  return `'${text}'`;
}

function inShell(word: string): string {
  return quoteWords([word]);
}
