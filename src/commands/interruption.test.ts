import {afterEach, describe, expect, it} from 'vitest';
import {Interruption} from './interruption.ts';

const open: Interruption[] = [];

afterEach(() => {
  for (const interruption of open.splice(0)) interruption.close();
});

function interruption(): Interruption {
  const made = new Interruption({onFirst: () => {}, onSecond: () => {}});
  open.push(made);
  return made;
}

describe('the name of the signal, after a child failed', () => {
  it('is that of one which came before', async () => {
    const made = interruption();
    process.emit('SIGTERM', 'SIGTERM');
    expect(await made.nameAfterFailure()).toBe('SIGTERM');
  });

  it('is that of one which comes late', async () => {
    const name = interruption().nameAfterFailure();
    process.emit('SIGINT', 'SIGINT');
    expect(await name).toBe('SIGINT');
  });

  it('is none where none comes', async () => {
    expect(await interruption().nameAfterFailure()).toBeUndefined();
  });
});
