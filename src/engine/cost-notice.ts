/** One line before the first wide build of a directory in the cloud: what goes up, and what it is expected to cost. */
import {existsSync} from 'node:fs';
import type {Cloud} from '../remote/cloud.ts';
import {expectationLine, expectationOf, isWide} from './expectation.ts';
import type {PlannedCompiles} from './planned-compiles.ts';

export interface CostNoticeOptions {
  readonly cloud: Pick<Cloud, 'isAway' | 'expectedCost'>;
  /** A file that is there once a build of the directory has sent anything. */
  readonly sentBefore: string;
  readonly tell: (text: string) => void;
}

/** The answer is called with each plan of a build; the first one counts. */
export function costNotice({cloud, sentBefore, tell}: CostNoticeOptions): (planned: PlannedCompiles) => void {
  let isOver = !cloud.isAway;
  return planned => {
    if (isOver || existsSync(sentBefore)) return;
    isOver = true;
    // Sources are looked at only where it may matter.
    if (!isWide({compiles: planned.edges.length})) return;
    const expected = expectationOf(planned.expected());
    if (isWide(expected)) tell(expectationLine(expected, cloud.expectedCost(expected)));
  };
}
