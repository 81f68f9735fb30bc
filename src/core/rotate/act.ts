import type { ActionableError } from "../../domain/errors.ts";
import type { PasswordCredential } from "../../domain/identity.ts";
import type { RetireMark } from "../../domain/ownership.ts";
import { heldKeys } from "../cluster/holders.ts";
import type { Target } from "../cluster/read-targets.ts";
import { viewClusters, type ClusterView } from "../cluster/view.ts";
import { incomplete } from "../ending.ts";
import { BusyError, BusyWait } from "../turn/busy.ts";
import { isSameTarget, targetName } from "../turn/pull-secret.ts";
import type { SecretRecord } from "../turn/turn.ts";
import { changeOver } from "./change-over.ts";
import { KeyWork, type RotateTools } from "./key-work.ts";
import { lookAtKeys, type SeenKeys } from "./look.ts";
import { nextStep, type ChangeOver, type NextStep, type Retirement } from "./decide.ts";
import type { Prospect } from "./plan-rotation.ts";
import { preflight } from "./preflight.ts";
import type { KeysRecord } from "./result.ts";
import { retireKey } from "./retire-key.ts";
import { Rows, standingRow } from "./rows.ts";

/** What carrying out a rotation needs, the same for all keys of a run. */
export interface Rotating extends RotateTools {
  /** All clusters of this run: another cluster may hold the same key. */
  readonly seen: readonly ClusterView[];
}

/**
 * More steps than any run needs: it retires an old key, changes over to a new one, retires the replaced one, and each
 * time clears what crashed runs left.
 */
const mostSteps = 30;

/**
 * Carries out every step that is due for one application's keys. Never throws: a failure goes into the record.
 * @param others what this run did before in the same cluster: one secret may hold keys of several registries
 */
export async function act(
  prospect: Prospect,
  run: Rotating,
  others: readonly KeysRecord[],
): Promise<KeysRecord> {
  const record: KeysRecord = {
    keys: prospect.keys,
    rows: [],
    written: new Map(),
    swept: [],
    unwritten: [],
    wrote: false,
  };
  try {
    await new KeysRun(prospect, run, record).runToEnd(others.some(({ wrote }) => wrote));
  } catch (error) {
    record.error = error;
    if (record.rows.length === 0) record.rows.push(standingRow(prospect.keys, "failed"));
  }
  return record;
}

class KeysRun {
  readonly #run: Rotating;
  readonly #record: KeysRecord;
  #keys: SeenKeys;
  #step: NextStep;
  readonly #changedTo = new Set<string>();
  readonly #retired = new Set<RetireMark["why"] | "renewal">();
  /** Keys made by this run: the directory may take minutes to list them. */
  readonly #made: PasswordCredential[] = [];
  /**
   * Keys that could not be retired for a reason outside this run, and that reason. Everything else that is due is
   * still done.
   */
  readonly #blocked = new Map<string | null, ActionableError>();
  /** Secrets whose stale mark could not be removed. */
  readonly #unclearable: Target[] = [];
  /** Whether the manifest has to be applied before anything else can be done. */
  #isToBeApplied = false;
  readonly #busy: BusyWait;
  readonly #rows: Rows;

  constructor({ keys, step }: Prospect, run: Rotating, record: KeysRecord) {
    this.#keys = keys;
    this.#step = step;
    this.#run = run;
    this.#busy = new BusyWait(run.ports.clock, run.report);
    this.#record = record;
    this.#rows = new Rows(record.rows);
  }

  /** @param seenBefore whether this run has written since the look at the keys: then it looks again first */
  async runToEnd(seenBefore: boolean): Promise<void> {
    let taken = 0;
    if (seenBefore && !(await this.#lookAnew())) return;
    do {
      const step = this.#step;
      if (step.kind !== "none") {
        if (await this.#take(step)) {
          taken += 1;
          this.#busy.reset();
        }
        if (taken > mostSteps) throw new TypeError("a rotation does not end");
      } else {
        this.#rows.recordStanding(step.because, this.#keys);
        const [blocked] = this.#blocked.values();
        if (blocked) throw blocked;
        return;
      }
    } while (!this.#isToBeApplied && (await this.#lookAnew()));
  }

  /** @returns whether it was taken; false after waiting for another run */
  async #take(step: Exclude<NextStep, { kind: "none" }>): Promise<boolean> {
    const { signal } = this.#run;
    const work = new KeyWork(this.#keys, this.#run);
    const { liveMark } = this.#keys;
    try {
      if (liveMark) throw new BusyError(targetName(liveMark.target));
      switch (step.kind) {
        case "tidy":
          await work.inTurn([], () => work.close(undefined));
          return true;
        case "change-over":
          return await this.#changeOver(step, work);
        case "retire":
          return await this.#retire(step, work);
        default:
          return step satisfies never;
      }
    } catch (error) {
      await this.#busy.pause(error, signal).catch((last: unknown) => {
        this.#tellStopped(step, work);
        throw last;
      });
      return false;
    } finally {
      this.#record.wrote ||= work.wrote;
      for (const [name, written] of work.written) this.#record.written.set(name, written);
      if (work.made && !work.wroteSecret) this.#record.unwritten.push(work.made);
      this.#record.swept.push(...work.swept);
      this.#unclearable.push(...work.unclearable);
    }
  }

  async #changeOver(step: ChangeOver, work: KeyWork): Promise<boolean> {
    const { to } = await changeOver(step, work);
    if (to.keyId !== null) this.#changedTo.add(to.keyId);
    if (to.listed && step.to === undefined) this.#made.push(to.listed);
    const failure = notWritten(work.written);
    if (failure) throw failure;
    this.#rows.recordChange(step, work);
    return true;
  }

  /** Records what an unfinished step has done. */
  #tellStopped(step: Exclude<NextStep, { kind: "none" }>, work: KeyWork): void {
    if (step.kind === "tidy") return;
    if (step.kind === "change-over") this.#rows.recordChange(step, work);
    else if (work.removedUnrecorded)
      this.#rows.recordRetirement(step, this.#keys, { retired: true, evidence: "untried" });
    if (!work.wroteSecret) return;
    const { written } = this.#record;
    for (const { target } of step.holders) {
      const name = targetName(target);
      if (!work.written.has(name) && !written.has(name)) written.set(name, { target, action: "skipped" });
    }
  }

  async #retire(step: Retirement, work: KeyWork): Promise<boolean> {
    const others = this.#run.seen.filter(({ clusterId }) => clusterId !== this.#keys.seen.clusterId);
    const retired = await retireKey(step, work, others);
    work.removedUnrecorded = false;
    this.#retired.add(step.holders[0]?.mark.retire?.why ?? "renewal");
    this.#rows.recordRetirement(step, this.#keys, retired);
    const { blocked, error } = retired;
    // Nobody can have applied yet what this run has just written.
    this.#isToBeApplied = blocked === "not-applied" && (!error || this.#changedTo.size > 0);
    if (this.#isToBeApplied) return true;
    if (!error) return true;
    // A leaked key in use is replaced even if an older key cannot be removed yet.
    if (this.#run.input.intent !== "compromised" || blocked !== "still-held") throw error;
    this.#blocked.set(step.keyId, error);
    return true;
  }

  /** Looks at the cluster again: what the secrets hold now decides what comes next. */
  async #lookAnew(): Promise<boolean> {
    const { input, ports, report, signal } = this.#run;
    const contexts = new Set(this.#keys.seen.contexts);
    const clusters = ports.clusters.filter(({ cluster }) => contexts.has(cluster.context));
    const { seen, unseen } = await viewClusters(input, clusters, signal);
    const [gone] = unseen;
    if (gone && seen.length === 0) throw gone.error;
    const { loginServer, appId } = this.#keys;
    const held = seen
      .flatMap((one) => heldKeys(one, input))
      .find((one) => one.loginServer === loginServer && one.appId === appId);
    if (!held) return false;
    const keys = await lookAtKeys(held, { input, ports, report, made: this.#made }, signal);
    // This run does not try again to remove a mark that it could not remove.
    const staleMarks = keys.staleMarks.filter(
      ({ target }) => !this.#unclearable.some((one) => isSameTarget(one, target)),
    );
    this.#keys = { ...keys, staleMarks };
    this.#step = nextStep(this.#keys, input, {
      changedTo: this.#changedTo,
      made: new Set(this.#made.map(({ keyId }) => keyId)),
      retired: this.#retired,
      blocked: new Set(this.#blocked.keys()),
    });
    if (keys.unproven && this.#step.kind !== "none") throw keys.unproven;
    // A new obstacle stops the run as it would have at the start.
    const begins = this.#step.kind === "change-over" && this.#step.to === undefined;
    if (begins && !this.#keys.liveMark) {
      await preflight(this.#step, this.#keys, { input, ports }, signal);
    }
    return true;
  }
}

function notWritten(written: ReadonlyMap<string, SecretRecord>): ActionableError | undefined {
  const failed = [...written].flatMap(([name, { error }]) => (error ? [{ name, error }] : []));
  if (failed.length === 0) return undefined;
  const says = `${failed.length === 1 ? "1 secret was" : `${failed.length} secrets were`} not written, so the old key stays`;
  const hint =
    "Fix the cause, then run the same command again: it writes only what is missing. The old key stays valid until then.";
  return incomplete(failed, { code: "rotate.incomplete", says, hint });
}
