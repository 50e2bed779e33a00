/**
 * Brings a stack to what a template says, by a change set each time: what would change is known, and shown, before it
 * does. A first creation that failed leaves nothing behind that the next one would stumble over.
 */
import {setTimeout as delay} from 'node:timers/promises';
import type {ControlSdk} from '../control.ts';
import type {CloudFormationClient} from '../sdk-control.ts';
import type {Template} from './template.ts';

export interface DeployOptions {
  readonly client: CloudFormationClient;
  readonly sdk: ControlSdk;
  readonly stack: string;
  readonly template: Template;
  /** Asked once the changes are known. */
  readonly confirm: (changes: readonly Change[]) => Promise<boolean>;
  /** Told of each step of each resource. */
  readonly onEvent: (event: StackEvent) => void;
  /** Between two looks at what goes on, in ms. */
  readonly interval?: number;
}

export interface Change {
  /** 'Add', 'Modify' or 'Remove', as CloudFormation says. */
  readonly action: string;
  readonly resource: string;
  readonly type: string;
  /** Whether the resource is made anew, losing what it holds. */
  readonly isReplaced: boolean;
}

export interface StackEvent {
  readonly resource: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string | undefined;
}

export type Deployed =
  | {readonly kind: 'done' | 'unchanged'; readonly outputs: StackOutputs}
  | {readonly kind: 'declined'}
  /** `wasRemoved`: it was a first creation, of which nothing is left. */
  | {readonly kind: 'failed'; readonly faults: readonly StackEvent[]; readonly wasRemoved: boolean};

export type StackOutputs = Readonly<Record<string, string>>;

export interface StackState {
  readonly status: string;
  readonly description: string;
  readonly outputs: StackOutputs;
}

const INTERVAL = 1000;
/** A creation that failed can only be deleted. */
export const FAILED_CREATION: ReadonlySet<string> = new Set([
  'ROLLBACK_COMPLETE',
  'ROLLBACK_FAILED',
  'CREATE_FAILED',
  'REVIEW_IN_PROGRESS',
]);

/** Undefined where there is no such stack. */
export async function stackState(
  client: CloudFormationClient,
  sdk: ControlSdk,
  stack: string,
): Promise<StackState | undefined> {
  try {
    const {Stacks} = await client.send(new sdk.DescribeStacksCommand({StackName: stack}));
    const found = Stacks?.[0];
    if (!found) return undefined;
    const outputs = (found.Outputs ?? []).map(({OutputKey, OutputValue}) => [OutputKey!, OutputValue!]);
    return {
      status: found.StackStatus ?? '',
      description: found.Description ?? '',
      outputs: Object.fromEntries(outputs) as StackOutputs,
    };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function deploy(options: DeployOptions): Promise<Deployed> {
  const {client, sdk, stack, template, confirm} = options;
  let state = await settled(options);
  if (state && FAILED_CREATION.has(state.status)) {
    await removeStack(options);
    state = undefined;
  }
  const name = `llama-${Date.now().toString(36)}`;
  const set = {StackName: stack, ChangeSetName: name};
  await client.send(
    new sdk.CreateChangeSetCommand({
      ...set,
      ChangeSetType: state ? 'UPDATE' : 'CREATE',
      TemplateBody: JSON.stringify(template),
      Capabilities: ['CAPABILITY_NAMED_IAM'],
    }),
  );
  const changes = await changesOf(options, name);
  if (changes === undefined || !(await confirm(changes))) {
    await client.send(new sdk.DeleteChangeSetCommand(set));
    // A stack that is only under review is none yet.
    if (!state) await removeStack(options);
    return changes === undefined ? {kind: 'unchanged', outputs: state?.outputs ?? {}} : {kind: 'declined'};
  }
  const watch = new EventWatch(options, await eventIds(options));
  await client.send(new sdk.ExecuteChangeSetCommand(set));
  const end = await watch.untilEnd();
  if (end && /^(?:CREATE|UPDATE)_COMPLETE$/.test(end.status)) return {kind: 'done', outputs: end.outputs};
  // Asked before the stack is gone.
  const faults = [...watch.faults, ...(await validationFaults(options))];
  if (!state) await removeStack(options);
  return {kind: 'failed', faults, wasRemoved: !state};
}

/** What CloudFormation found wrong before it began; its stack events only say that there is something. */
async function validationFaults({client, sdk, stack}: DeployOptions): Promise<StackEvent[]> {
  try {
    const Filters = {FailedEvents: true};
    const {OperationEvents} = await client.send(new sdk.DescribeEventsCommand({StackName: stack, Filters}));
    return (OperationEvents ?? [])
      .filter(({ValidationStatusReason}) => ValidationStatusReason !== undefined)
      .map(event => ({
        resource: event.LogicalResourceId ?? '',
        type: event.ResourceType ?? '',
        status: event.ValidationStatus ?? 'FAILED',
        reason: event.ValidationStatusReason,
      }));
  } catch {
    return []; // Older servers do not know the question.
  }
}

/** Deletes a stack and waits for its end. @throws Error with the reason of the resource that stays */
export async function removeStack(
  options: Pick<DeployOptions, 'client' | 'sdk' | 'stack' | 'onEvent' | 'interval'>,
): Promise<void> {
  const {client, sdk, stack} = options;
  const watch = new EventWatch(options, await eventIds(options));
  await client.send(new sdk.DeleteStackCommand({StackName: stack}));
  const end = await watch.untilEnd();
  if (end && end.status !== 'DELETE_COMPLETE' && end.status !== 'REVIEW_IN_PROGRESS') {
    const [fault] = watch.faults;
    throw new Error(
      `the stack could not be deleted: ${fault ? `${fault.resource}: ${fault.reason}` : end.status}`,
    );
  }
}

/** The stack once nothing is under way in it. */
async function settled(options: DeployOptions): Promise<StackState | undefined> {
  const {client, sdk, stack} = options;
  for (;;) {
    const state = await stackState(client, sdk, stack);
    if (!state || !isUnderWay(state.status)) return state;
    await delay(options.interval ?? INTERVAL);
  }
}

function isUnderWay(status: string): boolean {
  return status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS';
}

/** Undefined where nothing would change. */
async function changesOf(options: DeployOptions, name: string): Promise<readonly Change[] | undefined> {
  const {client, sdk, stack} = options;
  for (;;) {
    const set = await client.send(new sdk.DescribeChangeSetCommand({StackName: stack, ChangeSetName: name}));
    if (set.Status === 'FAILED') {
      if (/didn't contain changes|no updates are to be performed/i.test(set.StatusReason ?? ''))
        return undefined;
      throw new Error(`CloudFormation refuses the template: ${set.StatusReason}`);
    }
    if (set.Status === 'CREATE_COMPLETE') {
      return (set.Changes ?? []).map(({ResourceChange: change}) => ({
        action: change?.Action ?? '',
        resource: change?.LogicalResourceId ?? '',
        type: change?.ResourceType ?? '',
        isReplaced: change?.Replacement === 'True',
      }));
    }
    await delay(options.interval ?? INTERVAL);
  }
}

async function eventIds({
  client,
  sdk,
  stack,
}: Pick<DeployOptions, 'client' | 'sdk' | 'stack'>): Promise<Set<string>> {
  try {
    const {StackEvents} = await client.send(new sdk.DescribeStackEventsCommand({StackName: stack}));
    return new Set((StackEvents ?? []).map(({EventId}) => EventId!));
  } catch (error) {
    if (isMissing(error)) return new Set();
    throw error;
  }
}

/** Tells of what happens in a stack, until nothing does any more. */
class EventWatch {
  readonly #options: Pick<DeployOptions, 'client' | 'sdk' | 'stack' | 'onEvent' | 'interval'>;
  readonly #seen: Set<string>;
  readonly faults: StackEvent[] = [];

  /** `seen`: events that belong to an earlier time. */
  constructor(
    options: Pick<DeployOptions, 'client' | 'sdk' | 'stack' | 'onEvent' | 'interval'>,
    seen: Set<string>,
  ) {
    this.#options = options;
    this.#seen = seen;
  }

  /** Undefined where the stack is gone. */
  async untilEnd(): Promise<StackState | undefined> {
    const {client, sdk, stack, interval} = this.#options;
    for (;;) {
      await delay(interval ?? INTERVAL);
      const state = await stackState(client, sdk, stack);
      await this.#tell();
      if (!state || !isUnderWay(state.status)) return state;
    }
  }

  async #tell(): Promise<void> {
    const {client, sdk, stack, onEvent} = this.#options;
    let events: Awaited<ReturnType<typeof this.read>>;
    try {
      events = await this.read(client, sdk, stack);
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    // The latest come first.
    for (const {
      EventId,
      LogicalResourceId,
      ResourceType,
      ResourceStatus,
      ResourceStatusReason,
    } of events.reverse()) {
      if (this.#seen.has(EventId!)) continue;
      this.#seen.add(EventId!);
      const event = {
        resource: LogicalResourceId ?? '',
        type: ResourceType ?? '',
        status: ResourceStatus ?? '',
        reason: ResourceStatusReason,
      };
      // Those that were cancelled because another failed explain nothing.
      if (event.status.endsWith('_FAILED') && !/cancelled/i.test(event.reason ?? '')) this.faults.push(event);
      onEvent(event);
    }
  }

  async read(client: CloudFormationClient, sdk: ControlSdk, stack: string) {
    const {StackEvents} = await client.send(new sdk.DescribeStackEventsCommand({StackName: stack}));
    return StackEvents ?? [];
  }
}

function isMissing(error: unknown): boolean {
  const {name, message} = error as Error;
  return (name === 'ValidationError' || name === 'StackNotFoundException') && /does not exist/.test(message);
}
