import type { RotateInput, RotateOutcome } from "../../../src/core/rotate/contract.ts";
import { entriesOf } from "../../../src/sandbox/pull-secret-content.ts";
import type { RequestEntry } from "../../../src/sandbox/request-log.ts";
import { startSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import type { KubernetesObject, PasswordRecord } from "../../../src/sandbox/world.ts";
import type { SandboxOptions } from "../../../src/sandbox/world-options.ts";
import { virtualRun, type VirtualRun } from "../../virtual-time.ts";

const hourMs = 3_600_000;

/** Something that happened, as far as it matters for the order of a rotation. */
export interface Moment {
  /** `make a key`, `write NAMESPACE`, `read NAMESPACE`, `remove a key`, `list pull secrets` or `sign in`. */
  readonly what: string;
  /** Virtual milliseconds since 1970. */
  readonly at: number;
  /**
   * What each secret holds at that moment: its keys, numbered from 1 in the order they were made; `new` before `old`.
   */
  readonly held: Readonly<Record<string, string>>;
}

/** A sandbox in virtual time in which setup gave two namespaces a key an hour ago. It watches how rotate runs. */
export class WatchedRotation {
  readonly sandbox: Sandbox;
  readonly moments: Moment[] = [];
  /** Called at each moment, before the request is answered. */
  meanwhile: (moment: Moment) => void = () => {};
  readonly #run: VirtualRun;

  private constructor(sandbox: Sandbox, run: VirtualRun) {
    this.sandbox = sandbox;
    this.#run = run;
  }

  static async start(options: SandboxOptions = {}): Promise<WatchedRotation> {
    const sandbox = await startSandbox({ registries: [{ name: "myregistry" }], ...options });
    const run = virtualRun(sandbox);
    const watched = new WatchedRotation(sandbox, run);
    try {
      const outcome = await run.setup({ namespaces: ["awesomeapps", "default"] });
      if (outcome.kind !== "finished" || outcome.exitCode !== 0) throw new Error(JSON.stringify(outcome));
      run.advance(hourMs);
      sandbox.invariants.watch();
      sandbox.observe((phase, entry) => {
        const what = phase === "committed" ? whatOf(entry) : undefined;
        if (what === undefined) return;
        const moment = { what, at: Date.now(), held: watched.#held() };
        watched.moments.push(moment);
        watched.meanwhile(moment);
      });
      return watched;
    } catch (error) {
      await watched.end();
      throw error;
    }
  }

  async end(): Promise<void> {
    this.#run.end();
    await this.sandbox.close();
  }

  /** Runs rotate once. It must finish. */
  async rotate(input: Partial<RotateInput> = {}): Promise<Extract<RotateOutcome, { kind: "finished" }>> {
    const outcome = await this.#run.rotate(input);
    if (outcome.kind !== "finished") throw new Error(`the run ended as ${outcome.kind}`);
    return outcome;
  }

  /** Lets the grace period of a day pass. */
  passGrace(): void {
    this.#run.advance(25 * hourMs);
  }

  /** Every key that was ever made, oldest first. */
  get keys(): readonly PasswordRecord[] {
    const { world } = this.sandbox;
    return world.applications
      .filter(({ appId }) => appId !== world.caller.appId)
      .flatMap(({ passwords }) => passwords);
  }

  /** Numbers of the keys that have not been removed. */
  get living(): readonly number[] {
    return this.keys.flatMap(({ removedAt }, index) => (removedAt === undefined ? [index + 1] : []));
  }

  get secrets(): readonly KubernetesObject[] {
    return this.sandbox.world.clusters[0]!.objects["secrets"] ?? [];
  }

  secret(namespace: string): KubernetesObject {
    return this.secrets.find(({ metadata }) => metadata.namespace === namespace)!;
  }

  /** Changes what a secret's mark says about the registry, behind the API server's back. */
  mark(namespace: string, change: (mark: Record<string, unknown>) => void): void {
    const annotations = this.secret(namespace).metadata.annotations!;
    const marks = JSON.parse(annotations["acr-pull/entries"]!) as Record<string, Record<string, unknown>>;
    for (const mark of Object.values(marks)) change(mark);
    annotations["acr-pull/entries"] = JSON.stringify(marks);
  }

  /** The mark of the registry's entry in a secret. */
  markOf(namespace: string): Readonly<Record<string, unknown>> {
    let found = {};
    this.mark(namespace, (mark) => (found = mark));
    return found;
  }

  /** Puts a copy of a secret into kube-public, without marks, as somebody would by hand. */
  copy({ type, data }: KubernetesObject): void {
    this.sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "by-hand", namespace: "kube-public" },
      type,
      data: structuredClone(data),
    });
  }

  #held(): Record<string, string> {
    const held: Record<string, string> = {};
    const numbers = new Map(this.keys.map(({ secretText }, index) => [secretText, String(index + 1)]));
    for (const secret of this.secrets) {
      const { namespace = "" } = secret.metadata;
      const entries = entriesOf(secret).toSorted(({ key }) => (key.startsWith("https://") ? 1 : -1));
      held[namespace] = entries.map(({ password }) => numbers.get(password) ?? "?").join(" ");
    }
    return held;
  }
}

function whatOf({ service, method, path, query }: RequestEntry): string | undefined {
  if (query.includes("dryRun")) return undefined;
  if (path.endsWith("/addPassword")) return "make a key";
  if (path.endsWith("/removePassword")) return "remove a key";
  if (path.endsWith("/oauth2/token")) return "sign in";
  if (path === "/api/v1/secrets") return query.startsWith("fieldSelector") ? "list pull secrets" : undefined;
  const namespace = /\/namespaces\/(?<namespace>[^/]+)\/secrets\//.exec(path)?.groups?.["namespace"];
  if (!service.startsWith("cluster") || namespace === undefined) return undefined;
  return `${method === "GET" ? "read" : "write"} ${namespace}`;
}
