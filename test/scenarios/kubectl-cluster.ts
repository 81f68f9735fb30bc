import { randomUUID } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { succeed } from "../peers/clients.ts";
import { setup, type ResultDocument, type Run } from "../program.ts";

/**
 * A cluster that only kubectl arranges and looks at, so that it may be any: the one that the kubeconfig in
 * TEST_KUBECONFIG leads to, else the sandbox's. Azure and the registries are the sandbox's either way.
 */
export class KubectlCluster {
  readonly #sandbox: Sandbox;
  /** What leads a program to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly #namespaces: string[] = [];

  private constructor(sandbox: Sandbox, env: Readonly<Record<string, string>>) {
    this.#sandbox = sandbox;
    this.env = env;
  }

  static async of(sandbox: Sandbox): Promise<KubectlCluster> {
    const KUBECONFIG = process.env["TEST_KUBECONFIG"] ?? sandbox.kubeconfigPath;
    return new KubectlCluster(sandbox, { KUBECONFIG, HOME: await mkdtemp(join(sandbox.folder, "home-")) });
  }

  /**
   * `kubectl` that has to succeed.
   * @param input for `-f -`, an object
   */
  kubectl(words: string, input?: unknown): Promise<string> {
    return succeed("kubectl", words.split(" "), this.env, input === undefined ? "" : JSON.stringify(input));
  }

  async json(words: string): Promise<ResultDocument> {
    return JSON.parse(await this.kubectl(`${words} -o json`));
  }

  /** A name that no namespace has, which `removeNamespaces` will take away. */
  newName(): string {
    const name = `acr-pull-test-${randomUUID().slice(0, 8)}`;
    this.#namespaces.push(name);
    return name;
  }

  /**
   * A new namespace.
   * @param label `key=value`
   */
  async newNamespace(label?: string): Promise<string> {
    const name = this.newName();
    await this.kubectl(`create namespace ${name}`);
    if (label !== undefined) await this.kubectl(`label namespace ${name} ${label}`);
    return name;
  }

  async removeNamespaces(): Promise<void> {
    const names = this.#namespaces.splice(0);
    if (names.length === 0) return;
    await this.kubectl(`delete namespace --ignore-not-found --wait=false ${names.join(" ")}`);
  }

  /** `acr-pull setup` against this cluster. */
  setup(...args: readonly string[]): Promise<Run> {
    return setup(this.#sandbox, args, { env: this.env });
  }

  secret(namespace: string, name = "acr-secret"): Promise<ResultDocument> {
    return this.json(`get secret ${name} -n ${namespace}`);
  }

  /** What a secret signs in with, by host. */
  async auths(namespace: string): Promise<Record<string, { username: string; password: string }>> {
    const { data } = await this.secret(namespace);
    return JSON.parse(Buffer.from(data[".dockerconfigjson"] as string, "base64").toString()).auths;
  }
}
