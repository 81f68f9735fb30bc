import { spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

/** How a client's run ended, and what it said. */
export interface ClientRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The part of the output of `az ad sp create-for-rbac` that the recipe uses. */
export interface RecipeCredential {
  readonly appId: string;
  readonly password: string;
}

/**
 * Runs a client to its end, with only PATH from this process's environment.
 * @param input its standard input; empty by default
 * @throws Error from Node if it cannot be started
 */
export async function runClient(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = "",
): Promise<ClientRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { PATH: process.env["PATH"] ?? "", ...env } });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin.on("error", () => {}).end(input);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/**
 * Runs a client that has to succeed.
 * @returns its standard output, without the newline at its end
 * @throws Error with its output if it exits with another code than 0
 */
export async function succeed(...[program, args, ...rest]: Parameters<typeof runClient>): Promise<string> {
  const { code, stdout, stderr } = await runClient(program, args, ...rest);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${code}\n${stdout}\n${stderr}`);
  return stdout.trimEnd();
}

/** The real clients inside a sandbox, with its environment and a home folder that is removed with it. */
export class Clients {
  readonly #sandbox: Sandbox;
  readonly #home: string;

  private constructor(sandbox: Sandbox, home: string) {
    this.#sandbox = sandbox;
    this.#home = home;
  }

  static async of(sandbox: Sandbox): Promise<Clients> {
    return new Clients(sandbox, await mkdtemp(join(sandbox.folder, "home-")));
  }

  get #env(): Readonly<Record<string, string>> {
    return { HOME: this.#home, ...this.#sandbox.environment };
  }

  /** `az`, with words as they are typed. None of them may contain a space. */
  az(words: string): Promise<string> {
    return succeed("az", words.split(" "), this.#env);
  }

  /** `az` that may fail. */
  tryAz(words: string): Promise<ClientRun> {
    return runClient("az", words.split(" "), this.#env);
  }

  /** `az`, with its answer read as JSON. */
  async azJson<T>(words: string): Promise<T> {
    return JSON.parse(await this.az(`${words} --output json`)) as T;
  }

  /** A shell script that has to succeed. */
  shell(script: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    return succeed("sh", ["-euc", script], { ...this.#env, ...env });
  }

  kubectl(words: string): Promise<string> {
    return succeed("kubectl", words.split(" "), this.#env);
  }

  /** `kubectl` that may fail. */
  tryKubectl(words: string): Promise<ClientRun> {
    return runClient("kubectl", words.split(" "), this.#env);
  }

  /**
   * `skopeo` that may fail. It trusts the sandbox through SSL_CERT_FILE.
   * @param env variables that replace the sandbox's
   */
  skopeo(words: string, env: Readonly<Record<string, string>> = {}): Promise<ClientRun> {
    return runClient("skopeo", words.split(" "), { ...this.#env, ...env });
  }

  /** A file for `--authfile` with the exact bytes of a pull secret, as the API server gives them to kubectl. */
  async authFile(secret = "acr-secret", namespace = "awesomeapps", context = "sandbox"): Promise<string> {
    const encoded = await this.kubectl(
      `get secret ${secret} --context ${context} -n ${namespace} -o jsonpath={.data.\\.dockerconfigjson}`,
    );
    return this.file("auth.json", Buffer.from(encoded, "base64"));
  }

  /** A new file in the home folder. */
  async file(name: string, content: string | Buffer): Promise<string> {
    const path = join(await mkdtemp(join(this.#home, "file-")), name);
    await writeFile(path, content);
    return path;
  }

  /** A new path in the home folder, where nothing exists yet. */
  async newPath(): Promise<string> {
    return join(await mkdtemp(join(this.#home, "new-")), "new");
  }

  /** The login server of one of the sandbox's registries. */
  loginServer(registry = "myregistry"): string {
    const found = this.#sandbox.world.registries.find(({ name }) => name === registry);
    if (!found) throw new RangeError(`no registry ${registry}`);
    return found.loginServer;
  }

  /** Whether skopeo can list the tags of the example's image with the bytes of a pull secret. */
  async pulls(authFile: string, registry?: string): Promise<boolean> {
    const image = `docker://${this.loginServer(registry)}/my-awesome-app`;
    const { code, stdout, stderr } = await this.skopeo(`list-tags --authfile ${authFile} ${image}`);
    if (code === 0) return (JSON.parse(stdout) as { Tags: string[] }).Tags.includes("v1");
    if (/Invalid clientid|authentication required|unauthorized|denied/i.test(stderr)) return false;
    throw new Error(`skopeo failed otherwise than by a refusal: ${stderr}`);
  }
}
