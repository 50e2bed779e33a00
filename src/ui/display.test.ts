import {PassThrough} from 'node:stream';
import {describe, expect, it} from 'vitest';
import type {Event} from '../event.ts';
import {written} from '../test/written.ts';
import {createDisplay} from './display.ts';

function shown(mode: 'plain' | 'none', events: readonly Event[]): string {
  const stream = new PassThrough();
  const advice = {again: '', tellLocal: '', alone: () => ''};
  const display = createDisplay({
    mode,
    verbose: false,
    advice,
    verifies: false,
    color: false,
    stream: stream as unknown as NodeJS.WriteStream,
  });
  for (const event of events) display.report(event);
  display.close();
  return written(stream);
}

const note = (level: 'info' | 'notice' | 'warning', text: string): Event => ({type: 'note', level, text});

describe('the display', () => {
  it('without progress leaves out what only goes with it, and shows what was asked for', () => {
    const events = [note('info', 'i'), note('notice', 'n'), note('warning', 'w')];
    expect(shown('plain', events)).toBe('llama: i\nllama: n\nllama: warning: w\n');
    const listing: Event = {type: 'listing', text: 'explain: a.o'};
    expect(shown('none', [...events, listing])).toBe('llama: n\nllama: warning: w\nexplain: a.o\n');
  });

  it('calls out once that compiles come back from the cloud', () => {
    const ended = (id: number, localReason?: string): Event => ({
      type: 'edge-finished',
      id,
      isCompile: true,
      target: 'a.o',
      label: '',
      command: '',
      output: Buffer.alloc(0),
      place: localReason === undefined ? 'remote' : 'local',
      ...(localReason !== undefined && {localReason}),
    });
    const some = (count: number, reason?: string) =>
      Array.from({length: count}, (_, id) => ended(id, reason));
    expect(shown('none', [...some(2), ...some(30, 'own-core'), ...some(3, 'cloud-access-denied')])).toBe('');
    const told = shown('none', [...some(2), ...some(30, 'cloud-access-denied')]);
    expect(told).toMatch(
      /^llama: warning: 4 of 6 compiles came back .*\(cloud-access-denied\): .*policy.*llama doctor.*\n$/,
    );
    expect(shown('none', [...some(100), ...some(9, 'worker-lost')])).toBe('');
  });

  it('keeps what can wait from a command that holds the terminal', () => {
    const held: Event = {type: 'edge-started', id: 1, isCompile: false, label: '', isConsole: true};
    const given: Event = {type: 'edge-returned', id: 1};
    const events = [held, note('warning', 'later'), note('notice', 'at once'), given];
    expect(shown('plain', events)).toBe('llama: at once\nllama: warning: later\n');
  });
});
