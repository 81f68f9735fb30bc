import { keyOrigin } from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { repositoriesIn, sameCondition } from "../../domain/role.ts";
import { ifAvailable } from "../cluster/failure-of-one.ts";
import type { Target } from "../cluster/read-targets.ts";
import type { DirectoryTools } from "../identity/directory-tools.ts";
import type { ProofImage, Roles, Writing } from "../ports.ts";
import type { Report } from "../progress.ts";
import { proofImage, type ProofContext } from "../proof/prove-pull.ts";
import { BusyError } from "../turn/busy.ts";
import { isSameTarget, targetName } from "../turn/pull-secret.ts";
import { abandonTurn } from "../turn/sweep.ts";
import { inTurn, type Turn, type TurnWish } from "../turn/turn.ts";
import type { SetupInput, SetupPorts } from "./contract.ts";
import { applicationOf, type Job } from "./job.ts";
import type { Look } from "./look.ts";
import type { JobRecord } from "./result.ts";

/** What carrying out a setup needs, the same for all jobs of a run. */
export interface SetupTools {
  readonly input: SetupInput;
  readonly ports: Writing<SetupPorts>;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** One job being carried out in its turn: what it works with, and what it has done so far. */
export class JobWork {
  readonly record: JobRecord;
  readonly job: Job;
  readonly look: Look;
  readonly input: SetupInput;
  readonly ports: Writing<SetupPorts>;
  readonly report: Report;
  madeKeyId: string | undefined;
  /** Whether a key may have been made under the mark. */
  keyBegun = false;
  readonly #signal: AbortSignal;
  #turn: Turn | undefined;
  /** The image that its proofs pull. */
  #image: ProofImage;

  constructor(job: Job, look: Look, { input, ports, report, signal }: SetupTools) {
    this.job = job;
    this.#image = job.proof.image;
    this.look = look;
    this.input = input;
    this.ports = ports;
    // Several jobs take the same steps at the same time.
    this.report = (event) => report("id" in event ? { ...event, id: `${job.clusterId} ${event.id}` } : event);
    this.#signal = signal;
    this.record = {
      job,
      wrote: false,
      roles: [],
      targets: [],
      links: [],
      namespaces: [],
      tried: false,
      proven: false,
      removedKeys: [],
      removedRoles: [],
    };
  }

  /** Does the work as the only run that makes or retires keys of this cluster, once the turn is taken. */
  async inTurn(work: (turn: Turn) => Promise<void>): Promise<void> {
    const { clusters, process } = this.ports;
    const ports = { clusters, process, report: this.report };
    await inTurn(this.#wish, ports, this.#signal, async (turn) => {
      this.#turn = turn;
      await work(turn);
    });
  }

  /**
   * Every run that sees the same secrets puts the mark in the same place: where a stale one is, else on the first
   * target.
   */
  get #wish(): TurnWish {
    const { staleMarks, targets, clusterId, view, policy } = this.job;
    const { registry, loginServer } = this.look;
    return {
      seen: { cluster: view.cluster, secrets: targets.map(({ target }) => target) },
      places: [...staleMarks, ...targets].map(({ target }) => ({
        target,
        secret: (signal: AbortSignal) => seenSecret(this.job, target, loginServer, signal),
      })),
      entry: { registry: registry?.id ?? loginServer, clusterId },
      policy,
      sweep: [
        ...staleMarks.flatMap(({ pending }) => [...(pending.sweep ?? []), pending.operation]),
        ...deadOperations(this.job),
      ],
      deletes: deletedBefore(this.job),
      seenBefore: (signal) => view.managedSecrets(signal),
      overtaken: (turn) => this.#abandon(turn),
    };
  }

  async #abandon(turn: Turn): Promise<void> {
    const { application } = this.record;
    const { clusterId } = this.job;
    const key = this.keyBegun && application ? { application, clusterId, keyId: this.madeKeyId } : undefined;
    // If no key was begun, the directory is not asked: a run without Azure has none.
    const isKeyGone = turn.isTaken && (await abandonTurn(turn, key, this.tools()));
    if (isKeyGone) delete this.record.madeKey;
  }

  /** @throws TypeError outside of the turn */
  get turn(): Turn {
    if (!this.#turn) throw new TypeError("a job is carried out in its turn");
    return this.#turn;
  }

  get signal(): AbortSignal {
    return this.turn.signal;
  }

  /** What the steps in Azure need. */
  tools(): DirectoryTools & { readonly roles: Roles } {
    const { azure, clock } = this.ports;
    if (!azure) throw new TypeError("Azure is needed for this step");
    const { directory, roles } = azure;
    return { directory, roles, clock, report: this.report, timeoutMs: this.input.timeoutMs };
  }

  /** What a proof needs. It reports progress as a step of this job. */
  get proof(): ProofContext {
    const imageNow = async (signal: AbortSignal) => {
      this.#image = (await imageWithinLimit(this, signal)) ?? this.#image;
      return this.#image;
    };
    return { ...this.job.proof, report: this.report, image: this.#image, imageNow };
  }

  started(id: string, text: string): void {
    this.report({ kind: "started", id, text });
  }

  done(id: string, text: string): void {
    this.report({ kind: "done", id, text });
  }

  ended(id: string): void {
    this.report({ kind: "ended", id });
  }

  /** Reports the progress of a step that does the same thing many times. */
  progress(id: string, made: number, total: number, what: string): void {
    if (total > 1) this.report({ kind: "advanced", id, text: `${made} of ${total} ${what}` });
  }
}

/** @throws BusyError if the stale mark that was seen on it is no longer there: its run has ended after all */
async function seenSecret(
  { targets, staleMarks }: Job,
  target: Target,
  loginServer: string,
  signal: AbortSignal,
): Promise<PullSecret | undefined> {
  const known = targets.find((one) => isSameTarget(one.target, target));
  if (known) return known.state.kind === "present" ? known.state.secret : undefined;
  const secret = await target.cluster.findSecret(target.namespace, target.name, signal);
  const seen = staleMarks.find((one) => isSameTarget(one.target, target));
  const operation = secret && secret.marks[loginServer]?.pending?.operation;
  if (operation !== seen?.pending.operation) throw new BusyError(targetName(target));
  return secret;
}

/** Object id of an application that an earlier run was to delete, according to its mark. */
export function deletedBefore({ staleMarks }: Pick<Job, "staleMarks">): string | undefined {
  return staleMarks.find(({ pending }) => pending.deletes !== undefined)?.pending.deletes;
}

function deadOperations({ deadKeys, identity }: Job): string[] {
  const passwords = applicationOf(identity?.application)?.passwords ?? [];
  return passwords
    .filter(({ keyId }) => deadKeys.obsolete.includes(keyId))
    .flatMap((key) => keyOrigin(key)?.operation ?? []);
}

/**
 * An image within the limit of the role as it is now. Another run with `--repository` may have limited the role after
 * this run granted it, so that this run's image lies outside the limit. The new limit then also goes into the record.
 * @returns undefined if nothing changed, if it cannot be looked up, or if this run was told what to pull
 */
async function imageWithinLimit(
  { input, record, job, ports, report }: JobWork,
  signal: AbortSignal,
): Promise<ProofImage | undefined> {
  const { identity } = job;
  const { principal, roles } = record;
  if (!identity || !ports.azure || !principal || input.image || input.repositories) return undefined;
  const { registry } = identity.roleWish;
  const look = ports.azure.roles.listAssignments(registry.id, principal.objectId, signal);
  const standing = (await ifAvailable(look, signal)) ?? [];
  const limited: string[] = [];
  roles.forEach(({ id, desired, action }, index) => {
    const found = standing.find((one) => one.id.toLowerCase() === id.toLowerCase());
    const repositories = repositoriesIn(found?.condition ?? "");
    if (repositories.length === 0 || sameCondition(found?.condition, desired.condition)) return;
    roles[index] = { id, desired: { ...desired, condition: found?.condition }, action };
    limited.push(...repositories);
    const text = `Another run has limited ${desired.role.name} to ${repositories.join(", ")}`;
    report({ kind: "note", level: "info", text });
  });
  return limited.length > 0 ? proofImage({ image: undefined, repositories: limited }) : undefined;
}
