import { ActionableError } from "../domain/errors.ts";
import { exitCode, type ExitCode } from "../domain/exit-code.ts";
import { isMade } from "../domain/state.ts";
import { isRefusedForGood } from "../core/identity/client-secret.ts";
import { apply } from "./apply.ts";
import { deadAfterMs, moment, since } from "./lock.ts";
import { planRemove } from "./plan/remove.ts";
import { StateMoved } from "./state-store.ts";
import { sayingOf, type Step, type StepResult } from "./step.ts";
import { stateOf, type World } from "./world.ts";

/** How one command works on one installation. */
export interface Job {
  readonly look: () => Promise<World>;
  readonly plan: (world: World) => readonly Step[];
  /** Whether a person agrees to the list. */
  readonly agree: (steps: readonly Step[], world: World) => Promise<boolean>;
  /** Makes the sign-in as strong as a write demands; a person may have to take part. */
  readonly readyToWrite?: (() => Promise<void>) | undefined;
  /** Whether this list only clears the way, so that there is more to do after it. */
  readonly goesOn?: ((world: World) => boolean) | undefined;
  readonly isDryRun: boolean;
  readonly tell: (result: StepResult) => void;
  readonly begin?: (step: Step) => void;
  readonly interrupted: AbortSignal;
  /** Bounds what is still to be done once the run is over: to let the lock go. */
  readonly closing: () => AbortSignal;
}

/** How it ended. */
export interface Outcome {
  readonly kind: "planned" | "declined" | "finished";
  readonly world: World;
  /** What was done; for a plan, what is to be done. */
  readonly results: readonly StepResult[];
  readonly exitCode: ExitCode;
  /** Why it is not completely done. */
  readonly error?: ActionableError;
}

const patienceMs = 120_000;
const pollMs = 1_000;

/** Looks, plans, shows, and carries out what was shown, on the very version of the state that was looked at. */
export async function run(job: Job): Promise<Outcome> {
  let agreed: string | undefined;
  for (;;) {
    const world = await lookInTurn(job);
    const steps = job.plan(world);
    const plan = steps.map(sayingOf).join("\n");
    const planned = steps.map((step): StepResult => ({ step, result: "skipped" }));
    if (!job.isDryRun && steps.length === 0) await clearDeadLock(world, job);
    if (job.isDryRun || steps.length === 0)
      return { kind: "planned", world, results: planned, exitCode: exitCode.ok };
    if (plan !== agreed && !(await job.agree(steps, world)))
      return { kind: "declined", world, results: planned, exitCode: exitCode.ok };
    agreed = plan;
    try {
      await job.readyToWrite?.();
      if (world.store.state) await world.store.take(world.signal);
      const outcome = await carryOut(world, steps, job);
      if (!job.goesOn?.(world) || outcome.exitCode !== exitCode.ok) return outcome;
    } catch (error) {
      if (!(error instanceof StateMoved)) throw error;
    }
  }
}

/** Looks; if another run is at work, waits until it ends or stands still, and looks again. */
async function lookInTurn(job: Job): Promise<World> {
  const { look, isDryRun } = job;
  const world = await look();
  const { store, clock, report, signal } = world;
  if (isDryRun || store.heldBy === undefined) return world;
  const start = moment();
  let seen = { lock: store.heldBy, from: moment() };
  report({
    kind: "waiting",
    id: "busy",
    text: "Waiting for another run of acr-pull, up to two minutes",
  });
  while (since(seen.from) < deadAfterMs) {
    if (since(start) > patienceMs) throw busy(store.place);
    await clock.sleep(pollMs, signal);
    await store.read(signal);
    if (store.heldBy === undefined) break;
    if (store.heldBy !== seen.lock) seen = { lock: store.heldBy, from: moment() };
  }
  report({ kind: "ended", id: "busy" });
  const again = await look();
  // A run that stands still may wake: taking the lock then fails, and this one looks again.
  return again.store.heldBy === undefined || again.store.heldBy === seen.lock ? again : lookInTurn(job);
}

/** A lock that a run left when it was killed would cost every later run its wait. */
async function clearDeadLock({ store, signal }: World, { closing }: Job): Promise<void> {
  if (store.heldBy === undefined) return;
  await store.take(signal).catch((error: unknown) => {
    if (!(error instanceof StateMoved)) throw error;
  });
  await store.release(closing()).catch(() => {});
}

function busy(place: string): ActionableError {
  return new ActionableError(`Another run of acr-pull is at work: it holds the lock on the ${place}.`, {
    code: "busy",
    hint: "Run the same command again later.",
    retryable: true,
  });
}

async function carryOut(world: World, steps: readonly Step[], job: Job): Promise<Outcome> {
  const { store } = world;
  try {
    const results = await apply(steps, world, job);
    const failed = results.find(({ result }) => result === "failed")?.error;
    const state = stateOf(world);
    // Its targets are first saved with its first key.
    const isBarren = store.state !== undefined && !state.keys.some(isMade) && state.targets.length === 0;
    if (failed && isBarren && isRefusedForGood(failed)) {
      const back = await apply(planRemove(world, { targets: undefined, force: true }), world, job);
      const isClean = back.every(({ result }) => result === "done");
      const code = isClean ? exitCode.notAllowed : exitCode.incomplete;
      return { kind: "finished", world, results: [...results, ...back], exitCode: code, error: failed };
    }
    if (!failed) {
      const isDone = results.every(({ result, reason }) => result === "done" || reason !== undefined);
      return {
        kind: "finished",
        world,
        results,
        exitCode: isDone ? exitCode.ok : exitCode.incomplete,
      };
    }
    const wrote = results.some(
      ({ result, step }) => result === "done" && step.action !== "check" && step.kind !== "namespace",
    );
    return {
      kind: "finished",
      world,
      results,
      exitCode: wrote ? exitCode.incomplete : failed.exitCode,
      error: failed,
    };
  } finally {
    await store.release(job.closing()).catch(() => {});
  }
}
