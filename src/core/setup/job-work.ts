import type { ActionableError } from "../../domain/errors.ts";
import type { Application, ServicePrincipal } from "../../domain/identity.ts";
import type { ProofContext } from "../proof/prove-pull.ts";
import type { ProofImage, Writing } from "../ports.ts";
import type { Report } from "../progress.ts";
import type { HeldMark } from "../turn/pending-mark.ts";
import type { StandingRole } from "../identity/pull-role.ts";
import type { Target } from "../cluster/read-targets.ts";
import type { SetupInput, SetupPorts } from "./contract.ts";
import { imageWithinLimit } from "./image-within-limit.ts";
import type { Job, TargetCredential } from "./job.ts";
import type { Survey } from "./look.ts";

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
  /** Whether this run made it. */
  made?: boolean;
  principal?: ServicePrincipal;
  readonly roles: StandingRole[];
  /** Names of the namespaces that were made. */
  readonly namespaces: Array<Pick<Target, "cluster" | "namespace">>;
  /** The secret that was made for the mark alone, and holds no password until it is written. */
  markedSecret?: Target;
  /** The key that was made, until it is in use. */
  madeKey?: Pick<TargetCredential, "keyId" | "createdAt" | "expiresAt">;
  credential?: TargetCredential;
  readonly targets: TargetRecord[];
  readonly links: LinkRecord[];
  /** Whether the credential was tried. */
  tried: boolean;
  proven: boolean;
  removedKeys: string[];
  removedRoles: string[];
  error?: unknown;
}

/** One job being carried out: what it works with, and what it has done so far. */
export class JobWork {
  readonly record: JobRecord;
  readonly job: Job;
  readonly survey: Survey;
  readonly input: SetupInput;
  readonly ports: Writing<SetupPorts>;
  readonly report: Report;
  /** Aborted from outside only. */
  readonly runSignal: AbortSignal;
  /** Aborted also when another run takes the mark over. */
  signal: AbortSignal;
  mark: HeldMark | undefined;
  madeKeyId: string | undefined;
  /** Whether a key may have been made under the mark. */
  keyBegun = false;
  /** What its proofs pull. */
  #image: ProofImage;

  constructor(
    job: Job,
    survey: Survey,
    input: SetupInput,
    ports: Writing<SetupPorts>,
    report: Report,
    signal: AbortSignal,
  ) {
    this.job = job;
    this.#image = job.proof.image;
    this.survey = survey;
    this.input = input;
    this.ports = ports;
    // Several jobs take the same steps at the same time.
    this.report = (event) => report("id" in event ? { ...event, id: `${job.clusterId} ${event.id}` } : event);
    this.runSignal = signal;
    this.signal = signal;
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

  /** What the steps in Azure take. */
  tools() {
    const { azure, clock } = this.ports;
    if (!azure) throw new TypeError("Azure is needed for this step");
    const { directory, roles } = azure;
    return { directory, roles, clock, report: this.report, timeoutMs: this.input.timeoutMs };
  }

  /** What a proof is made with, telling of it as of a step of this job. */
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

  /** How far a step is that does the same many times. */
  progress(id: string, made: number, total: number, what: string): void {
    if (total > 1) this.report({ kind: "waiting", id, text: `${made} of ${total} ${what}` });
  }
}
