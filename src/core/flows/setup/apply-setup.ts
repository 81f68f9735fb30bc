import pMap from "p-map";
import { ActionableError } from "../../../domain/errors.ts";
import type { PullCredential } from "../../../domain/docker-config.ts";
import type { Application, NewPassword, ServicePrincipal } from "../../../domain/identity.ts";
import { provePull } from "../../checks/prove-pull.ts";
import type { Report } from "../../progress.ts";
import { settleBoth } from "../../settle-both.ts";
import { ensureApplication } from "../../steps/application.ts";
import { BusyError } from "../../steps/busy.ts";
import { makeKey, newOperation, sweepKeys } from "../../steps/client-secret.ts";
import type { HeldMark } from "../../steps/pending-mark.ts";
import { ensureRoles, type StandingRole } from "../../steps/pull-role.ts";
import {
  judgeTarget,
  readBack,
  targetName,
  writeTarget,
  type DesiredEntry,
  type Target,
  type TargetState,
} from "../../steps/pull-secret.ts";
import { ensureLink } from "../../steps/service-account.ts";
import { ensureServicePrincipal } from "../../steps/service-principal.ts";
import type { SetupInput, SetupPorts } from "../setup-contract.ts";
import { timeText } from "./decide-credential.ts";
import { applicationOf, desiredEntry, type Job, type JobTarget, type TargetCredential } from "./job.ts";
import { heldKeys, operationsToSweep, sweep } from "./sweep.ts";
import { takeMark } from "./take-mark.ts";
import type { Survey } from "./survey.ts";

/** What became of one target. */
export interface TargetRecord {
  readonly target: Target;
  action: "created" | "updated" | "unchanged" | "failed";
  error?: ActionableError;
}

/** What became of one link. */
export interface LinkRecord {
  readonly target: Target;
  readonly account: string;
  action: "updated" | "unchanged" | "failed";
  error?: ActionableError;
}

/** What one job has done so far; filled while it works, so that a failure half way leaves the truth. */
export interface JobRecord {
  readonly job: Job;
  /** Whether anything was asked to change. */
  wrote: boolean;
  application?: Application;
  principal?: ServicePrincipal;
  roles: readonly StandingRole[];
  credential?: TargetCredential;
  readonly targets: TargetRecord[];
  readonly links: LinkRecord[];
  proven: boolean;
  removedKeys: string[];
  removedRoles: string[];
  error?: unknown;
}

/** Carries out one job; never throws: what failed stands in the record. */
export async function applyJob(
  job: Job,
  survey: Survey,
  input: SetupInput,
  ports: SetupPorts,
  report: Report,
  signal: AbortSignal,
): Promise<JobRecord> {
  const work = new JobWork(job, survey, input, ports, report, signal);
  try {
    await work.run();
  } catch (error) {
    work.record.error = error;
  }
  return work.record;
}

class JobWork {
  readonly record: JobRecord;
  readonly #job: Job;
  readonly #survey: Survey;
  readonly #input: SetupInput;
  readonly #ports: SetupPorts;
  readonly #report: Report;
  /** Aborted from outside only. */
  readonly #runSignal: AbortSignal;
  /** Aborted also when another run takes the mark over. */
  #signal: AbortSignal;
  #mark: HeldMark | undefined;
  #madeKeyId: string | undefined;

  constructor(
    job: Job,
    survey: Survey,
    input: SetupInput,
    ports: SetupPorts,
    report: Report,
    signal: AbortSignal,
  ) {
    this.#job = job;
    this.#survey = survey;
    this.#input = input;
    this.#ports = ports;
    this.#report = report;
    this.#runSignal = signal;
    this.#signal = signal;
    this.record = {
      job,
      wrote: false,
      roles: [],
      targets: [],
      links: [],
      proven: false,
      removedKeys: [],
      removedRoles: [],
    };
  }

  async run(): Promise<void> {
    try {
      await this.#createNamespaces();
      const credential = await this.#credential();
      this.record.credential = credential;
      await this.#prove(credential);
      await this.#writeTargets(credential);
      await this.#readBack(credential);
      await this.#link();
      await this.#removeObsolete(credential);
    } catch (error) {
      await this.#mark?.stopRenewing();
      const reason = this.#mark?.lost.aborted ? this.#mark.lost.reason : error;
      if (reason instanceof BusyError) await this.#abandonKey();
      throw reason;
    } finally {
      await this.#mark?.stopRenewing();
    }
  }

  /** Another run went on in place of this one: the key that this one made goes, unless a secret holds it. */
  async #abandonKey(): Promise<void> {
    const { application } = this.record;
    if (!this.#mark || !application) return;
    const held = await heldKeys(this.#job, this.#survey.loginServer, this.#runSignal);
    const keyId = this.#madeKeyId;
    if (keyId === undefined) {
      // Its making may have been cut off when it was done.
      const wish = { clusterId: this.#job.clusterId, operations: [this.#mark.operation], held };
      await sweepKeys(application, { ...wish, newest: undefined }, this.#tools(), this.#runSignal);
    } else if (!held.has(keyId)) {
      await this.#tools().directory.removePassword(application.objectId, keyId, this.#runSignal);
    }
  }

  /** Everything the credential needs: application, principal, role and, where none lives, a key. */
  async #credential(): Promise<TargetCredential> {
    const { decision } = this.#job;
    if (decision.kind === "living") {
      await this.#ensureIdentity();
      return decision;
    }
    // The mark names the key before there is one; the application and principal need not wait for it.
    const operation = newOperation();
    const [mark, application] = await settleBoth(this.#takeMark(operation), this.#ensureApplication());
    this.#signal = AbortSignal.any([this.#runSignal, mark.lost]);
    mark.startRenewing(this.#signal);
    this.#started("key", "Making a key");
    const [key] = await settleBoth(
      this.#makeKey(application, mark),
      this.#ensurePrincipalAndRoles(application),
    );
    this.#done("key", `Made the key ${key.keyId}, valid until ${timeText(key.endDateTime)}`);
    return {
      kind: "living",
      credential: { username: application.appId, password: key.secret },
      keyId: key.keyId,
      expiresAt: timeText(key.endDateTime),
      state: "signs-in",
      from: "target",
    };
  }

  async #takeMark(operation: string): Promise<HeldMark> {
    const { registry, loginServer } = this.#survey;
    const { process } = this.#ports;
    this.record.wrote = true;
    const wish = { operation, registryId: registry?.id ?? loginServer, loginServer, process };
    this.#mark = await takeMark(this.#job, wish, this.#signal);
    return this.#mark;
  }

  async #makeKey(application: Application, mark: HeldMark): Promise<NewPassword> {
    const { clusterId } = this.#job;
    const now = mark.target.cluster.serverTime();
    const key = await makeKey(
      { application, clusterId, expiresInMs: this.#input.expiresInMs, now, mark },
      this.#tools(),
      this.#signal,
    );
    this.#madeKeyId = key.keyId;
    return key;
  }

  async #ensureIdentity(): Promise<void> {
    if (!this.#job.identity) return;
    await this.#ensurePrincipalAndRoles(await this.#ensureApplication());
  }

  async #ensureApplication(): Promise<Application> {
    const { identity } = this.#job;
    if (!identity) throw new TypeError("a job that makes a key has an identity");
    const { application: finding, applicationWish } = identity;
    const creates = finding.kind !== "found";
    if (creates || finding.missingOwners.length > 0) this.record.wrote = true;
    if (creates) this.#started("application", "Making the application");
    const caller = this.#survey.caller;
    if (!caller) throw new TypeError("Azure is called by somebody");
    const application = await ensureApplication(
      finding,
      applicationWish,
      { ...this.#tools(), caller },
      this.#signal,
    );
    this.record.application = application;
    if (creates) {
      const verb = finding.kind === "absent" ? "Created" : "Restored";
      this.#done("application", `${verb} the application ${application.displayName} (${application.appId})`);
    }
    return application;
  }

  async #ensurePrincipalAndRoles(application: Application): Promise<void> {
    const { identity } = this.#job;
    if (!identity) return;
    const { application: finding, roles, roleWish } = identity;
    const present = finding.kind === "found" ? finding.principal : undefined;
    if (!present) this.record.wrote = true;
    const principal = await ensureServicePrincipal(application, present, this.#tools(), this.#signal);
    this.record.principal = principal;
    if (!present) this.#done("service-principal", `Created its service principal ${principal.objectId}`);
    if (roles.wanted.some(({ action }) => action === "created" || action === "updated"))
      this.record.wrote = true;
    const standing = await ensureRoles(roles, roleWish, principal.objectId, this.#tools(), this.#signal);
    this.record.roles = standing;
    for (const { desired, action } of standing) {
      if (action !== "created" && action !== "updated") continue;
      const limited =
        desired.condition === undefined ? "" : `, limited to ${roleWish.repositories.join(", ")}`;
      this.#done("role", `Granted ${desired.role.name} on ${roleWish.registry.name} alone${limited}`);
    }
  }

  #tools() {
    const { azure, clock } = this.#ports;
    if (!azure) throw new TypeError("Azure is needed for this step");
    return {
      directory: azure.directory,
      roles: azure.roles,
      clock,
      report: this.#report,
      timeoutMs: this.#input.timeoutMs,
    };
  }

  async #prove(credential: TargetCredential): Promise<void> {
    const { kind, loginServer } = this.#survey.proof;
    if (kind === "none") return;
    this.#started("proof", `Proving that the credential can pull from ${loginServer}`);
    await provePull(this.#survey.proof, credential.credential, this.#signal);
    this.record.proven = true;
    const how =
      kind === "registry" ? `${loginServer} lets the credential pull` : "Entra signs the credential in";
    this.#done("proof", how);
  }

  async #createNamespaces(): Promise<void> {
    const missing = this.#job.targets.filter(({ state }) => state.kind === "absent" && state.createNamespace);
    if (missing.length === 0) return;
    this.record.wrote = true;
    const { concurrency } = this.#input;
    await pMap(
      missing,
      async ({ target }) => {
        await target.cluster.createNamespace(target.namespace, { dryRun: false }, this.#signal);
        this.#done("namespace", `Created the namespace ${target.cluster.context}/${target.namespace}`);
      },
      { concurrency },
    );
  }

  async #writeTargets(credential: TargetCredential): Promise<void> {
    await this.#mark?.stopRenewing();
    const [first, rest] = this.#inOrder();
    // The marked secret comes first: from then on the key is known by the secret that holds it.
    if (first) await this.#writeTarget(first, credential);
    let written = first ? 1 : 0;
    const total = rest.length + written;
    this.#started("secrets", `Writing ${total} ${total === 1 ? "secret" : "secrets"}`);
    await pMap(
      rest,
      async (one) => {
        await this.#writeTarget(one, credential);
        written += 1;
        if (total > 1)
          this.#report({
            kind: "waiting",
            id: "secrets",
            text: `${written} of ${total} secrets looked after`,
          });
      },
      { concurrency: this.#input.concurrency },
    );
    const changed = this.record.targets.filter(({ action }) => action === "created" || action === "updated");
    if (changed.length > 0)
      this.#done("secrets", `Wrote ${describeTargets(changed.map(({ target }) => target))}`);
  }

  /** The marked target apart from the others. */
  #inOrder(): [JobTarget | undefined, readonly JobTarget[]] {
    const { targets } = this.#job;
    const mark = this.#mark?.target;
    const first = targets.find(
      ({ target }) => mark && target.namespace === mark.namespace && target.name === mark.name,
    );
    return [first, targets.filter((one) => one !== first)];
  }

  async #writeTarget(one: JobTarget, made: TargetCredential): Promise<void> {
    const { target, changes } = one;
    if (this.#job.decision.kind === "living" && !changes) {
      this.record.targets.push({ target, action: "unchanged" });
      return;
    }
    this.record.wrote = true;
    try {
      const state = this.#currentState(one);
      const { action } = await writeTarget(
        target,
        state,
        this.#job.policy,
        this.#desired(one, made),
        this.#signal,
      );
      // The mark made the secret moments ago; for the user it is new.
      const created = one.state.kind === "absent" && action === "updated" ? "created" : action;
      this.record.targets.push({ target, action: created });
    } catch (error) {
      this.#recordFailure({ target, action: "failed" }, error);
    }
  }

  /** The marked target has moved on since it was looked at, by our own hand. */
  #currentState({ target, state }: JobTarget): TargetState {
    const mark = this.#mark;
    if (mark && target.namespace === mark.target.namespace && target.name === mark.target.name) {
      return judgeTarget(target, { secret: mark.secret, namespace: undefined }, this.#job.policy);
    }
    return state.kind === "absent" ? { kind: "absent", createNamespace: false } : state;
  }

  #desired(one: JobTarget, made: TargetCredential): DesiredEntry {
    const { registry, loginServer } = this.#survey;
    const { clusterId } = this.#job;
    const credential = one.credential ?? made;
    const appId = credential.credential.username;
    return desiredEntry(
      this.#input,
      registry,
      loginServer,
      clusterId,
      appId,
      credential,
      one.state,
      this.#mark && operationsToSweep(this.#job, this.#mark).length === 0 ? this.#mark.operation : undefined,
    );
  }

  #recordFailure(failed: TargetRecord, error: unknown): void {
    if (!isOfTarget(error, this.#signal)) throw error;
    this.record.targets.push({ ...failed, error });
    this.#report({
      kind: "failed",
      id: "secrets",
      text: `${targetName(failed.target)} was not written: ${error.message}`,
    });
  }

  /** Reads every written secret back and signs in with the very bytes read, once for each distinct credential. */
  async #readBack(made: TargetCredential): Promise<void> {
    const written = this.record.targets.filter(({ action }) => action === "created" || action === "updated");
    if (written.length === 0) return;
    const found = new Map<string, PullCredential>();
    await pMap(
      written,
      async (record) => {
        const one = this.#job.targets.find(({ target }) => target === record.target);
        if (!one) return;
        try {
          const credential = await readBack(
            record.target,
            this.#currentState(one),
            this.#job.policy,
            this.#desired(one, made),
            this.#signal,
          );
          found.set(credential.password.reveal(), credential);
        } catch (error) {
          if (!isOfTarget(error, this.#signal)) throw error;
          record.action = "failed";
          record.error = error;
        }
      },
      { concurrency: this.#input.concurrency },
    );
    for (const credential of found.values()) {
      await provePull(this.#survey.proof, credential, this.#signal);
    }
    if (this.#survey.proof.kind === "registry") {
      this.#done("read-back", "Read the secrets back and signed in with what they hold");
    }
  }

  async #link(): Promise<void> {
    const failed = new Set(
      this.record.targets.filter(({ action }) => action === "failed").map(({ target }) => target),
    );
    const links = this.#job.targets.flatMap(({ target, links }) =>
      failed.has(target) ? [] : links.map((one) => ({ ...one, target })),
    );
    await pMap(
      links,
      async ({ link, finding, target }) => {
        const { account } = link;
        if (finding?.linked) {
          this.record.links.push({ target, account, action: "unchanged" });
          return;
        }
        this.record.wrote = true;
        try {
          this.record.links.push({
            target,
            account,
            action: await ensureLink(link, this.#ports.clock, this.#signal),
          });
          this.#done(
            "service-account",
            `Linked the service account ${target.cluster.context}/${target.namespace}/${account}`,
          );
        } catch (error) {
          if (!(error instanceof ActionableError) || this.#signal.aborted) throw error;
          this.record.links.push({ target, account, action: "failed", error });
        }
      },
      { concurrency: this.#input.concurrency },
    );
  }

  /** Last, when the new is proven and in place: our other roles, keys that nobody needs any more, the marks. */
  async #removeObsolete(credential: TargetCredential): Promise<void> {
    const { identity, decision } = this.#job;
    const { azure } = this.#ports;
    if (!identity || !azure) return;
    for (const { id } of identity.roles.obsolete) {
      this.record.wrote = true;
      await azure.roles.removeAssignment(id, this.#signal);
      this.record.removedRoles.push(id);
      this.#done(
        "obsolete-role",
        `Removed the role assignment ${id.split("/").at(-1)}, which is not asked for any more`,
      );
    }
    const application = this.record.application ?? applicationOf(identity.application);
    if (!application) return;
    if (operationsToSweep(this.#job, this.#mark).length > 0) this.record.wrote = true;
    const removed = await sweep(
      this.#job,
      {
        application,
        loginServer: this.#survey.loginServer,
        mark: this.#mark,
        keyId: credential.keyId,
        allWritten: this.record.targets.every(({ action }) => action !== "failed"),
      },
      this.#tools(),
      this.#signal,
    );
    this.record.removedKeys.push(...removed);
    for (const keyId of removed) {
      const dead = decision.kind === "make" && decision.deadKeyIds.includes(keyId);
      const why = dead ? "did not sign in any more" : "an interrupted run left behind";
      this.#done(dead ? "dead-key" : "sweep", `Removed the key ${keyId}, which ${why}`);
    }
  }

  #started(id: string, text: string): void {
    this.#report({ kind: "started", id, text });
  }

  #done(id: string, text: string): void {
    this.#report({ kind: "done", id, text });
  }
}

/** Whether a failure is one target's alone, and the others can be written all the same. */
function isOfTarget(error: unknown, signal: AbortSignal): error is ActionableError {
  return error instanceof ActionableError && !(error instanceof BusyError) && !signal.aborted;
}

function describeTargets(targets: readonly Target[]): string {
  const [first] = targets;
  if (first && targets.length === 1) return `the secret ${targetName(first)}`;
  return `${targets.length} secrets`;
}
