/** Failure -> sentences for people: what failed, the thing by name, then the next step. The only place that does so. */
import {type Failure, unreachable} from '../failure.ts';

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
      return [
        `no build description in ${failure.directories.map(quote).join(' or ')}: looked for ${failure.lookedFor.join(', ')}`,
        `  to make one: cmake -G Ninja -S SOURCE_DIR -B ${failure.directories[0]}`,
      ].join('\n');
    case 'target-unknown': {
      const hint =
        failure.nearest.length === 0 ? '' : `, did you mean ${failure.nearest.map(quote).join(' or ')}?`;
      return `unknown target '${failure.target}'${hint}`;
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
    case 'edge-failed':
      return `${failure.count} failed`;
    case 'interrupted':
      return 'interrupted';
    default:
      return unreachable(failure);
  }
}

/** Exit status of the program for a failure that ended it. */
export function exitStatus(failure: Failure): number {
  switch (failure.reason) {
    case 'edge-failed':
    case 'store-unusable':
      return 1;
    case 'interrupted':
      return failure.signal === 'SIGINT' ? 130 : failure.signal === 'SIGTERM' ? 143 : 129;
    case 'manifest-invalid':
    case 'input-missing':
    case 'description-missing':
    case 'target-unknown':
    case 'option-invalid':
    case 'directory-busy':
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
