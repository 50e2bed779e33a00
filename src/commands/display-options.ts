/** How a build is shown, by its flags, the environment and whether there is a terminal. */
import type {BuildContext} from '../engine/look.ts';
import type {DisplayOptions} from '../ui/display.ts';
import {ownCommands} from './own-command.ts';

export function displayOptions({options, location}: BuildContext): DisplayOptions {
  const isTerminal = process.stderr.isTTY === true;
  const noColor = (process.env.NO_COLOR ?? '') !== '';
  const mode =
    options.progress === 'none'
      ? 'none'
      : options.progress === 'auto' && isTerminal && !noColor && process.env.TERM !== 'dumb'
        ? 'bar'
        : 'plain';
  return {
    mode,
    verbose: options.verbose,
    advice: ownCommands(options, location),
    verifies: options.verify > 0,
    color: isTerminal && !noColor,
    stream: process.stderr,
  };
}
