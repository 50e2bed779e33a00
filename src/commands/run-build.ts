/** One build with work in it: opens what it needs, builds, tells how it went. */

import {dryRun} from '../engine/dry-run.ts';
import {type BuildContext, descriptionStat, type Load, type Look, lookAt} from '../engine/look.ts';
import {combine} from '../event.ts';
import {remoteRules} from '../options/settings.ts';
import {storePlace} from '../options/store-place.ts';
import {prepareStore} from '../remote/embedded/embedded-cloud.ts';
import {createDisplay} from '../ui/display.ts';
import {SummaryCollector} from '../ui/summary.ts';
import {displayOptions} from './display-options.ts';
import {Interruption, STATUS} from './interruption.ts';
import {LoopDelay} from './loop-delay.ts';
import {Session} from './session.ts';
import {print} from './standard-output.ts';
import {checkSummaryPlace, writeSummary} from './summary-file.ts';

/** What was found before the directory was taken. */
export interface First {
  /** True as of the start; it is renewed if somebody else built meanwhile. */
  readonly look: Look;
  /** Nothing was to be done then. */
  readonly isIdle: boolean;
  readonly load: Load;
}

/** Answers the exit status. */
export async function runBuild(context: BuildContext, first: First): Promise<number> {
  const {options, location} = context;
  if (options.dryRun) {
    const storeDir = storePlace(options.store, process.env);
    if (options.debug.has('local')) prepareStore(storeDir);
    const {targets} = location;
    const text = await dryRun(first.look, {
      options,
      targets,
      storeDir,
      env: process.env,
      remoteRules: remoteRules(options.remoteRules, process.cwd(), process.env),
    });
    if (text !== '') print(text);
    return 0;
  }
  checkSummaryPlace(options.summary);
  const loopDelay = new LoopDelay();
  loopDelay.work();
  const collector = new SummaryCollector();
  const display = createDisplay(displayOptions(context));
  const report = combine(
    () => loopDelay.work(),
    event => collector.add(event),
    display.report,
  );
  const interruption = new Interruption({
    onFirst: name => {
      const again = name === 'SIGINT' ? ' (Ctrl-C again ends at once)' : '';
      const text = `stopping; what is finished will be recorded${again}`;
      report({type: 'note', level: 'notice', text});
    },
    onSecond: () => display.close(),
  });
  let session: Session | undefined;
  try {
    session = await Session.open({context, load: first.load, report, interruption});
    const {cloud, engine} = session;
    // Its start takes as long as all that comes before the first compile here.
    if (!first.isIdle) cloud.invoker.warm?.(1);
    const result = await session.build(hasWaited => {
      const look = lockedLook(context, {...first, hasWaited});
      for (const text of look.project.warnings) report({type: 'note', level: 'warning', text});
      report({type: 'cloud-ready', text: cloud.description});
      return look;
    });
    // A signal that came when everything was built changes nothing.
    const interruptedBy = result ? undefined : interruption.name;
    await cloud.close();
    const summary = collector.summary({
      result: interruptedBy !== undefined ? 'interrupted' : result ? 'built' : 'failed',
      began: context.began,
      counts: cloud.counts,
      cost: cloud.cost(),
      discoveryCpu: engine.discoveryCpu,
      ninjaRuns: engine.ninjaRuns,
      loopDelayMax: loopDelay.max,
    });
    report({type: 'build-finished', result: summary.result, summary});
    if (options.summary !== undefined) {
      writeSummary(options.summary, summary);
    }
    if (interruptedBy !== undefined) return STATUS[interruptedBy];
    return result ? 0 : 1;
  } catch (error) {
    // Whatever else is under way must not start anything more.
    interruption.abort();
    throw error;
  } finally {
    display.close();
    loopDelay.close();
    interruption.close();
    session?.close();
  }
}

/** What is dirty now that the directory is ours. */
function lockedLook(context: BuildContext, first: First & {hasWaited: boolean}): Look {
  const {project, stat} = first.look;
  // Between the first look and the lock another build may have ended here; the files tell. After a wait sources may have
  // been edited too.
  if (descriptionStat(project) === stat && !first.hasWaited) return first.look;
  return lookAt(first.load(), context.location.targets);
}
