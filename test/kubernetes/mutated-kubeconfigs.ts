import { execFileSync } from "node:child_process";
import dns from "node:dns";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { dump, loadAll } from "js-yaml";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { runHurried, secretsIn, unprintable } from "../canary.ts";
import { failingSeeds } from "../scenarios/failing-seeds.ts";
import { ScriptedServer } from "../scripted-server.ts";
import { status } from "./stub-api-server.ts";

/** Everything in a kubeconfig that must stay secret. */
const secrets = {
  token: "tok-8Q~canary-of-the-token",
  file: "tok-8Q~canary-of-the-file",
  plugin: "tok-8Q~canary-of-the-plugin",
  password: "pwd-8Q~canary-of-the-user",
  refresh: "tok-8Q~canary-of-the-refresh",
  proxy: "pwd-8Q-canary-of-the-proxy",
};

/** Fields where a secret belongs and is never quoted. Anywhere else, a mutation has turned it into a name. */
const secretFields = new Set([
  "token",
  "password",
  "refresh-token",
  "client-secret",
  "id-token",
  "proxy-url",
  "server",
]);

const contexts = ["token", "file", "certificate", "password", "plugin", "oidc", "gcp", "other", "gone"];

type Path = ReadonlyArray<string | number>;

/** One change to a parsed kubeconfig. */
interface Change {
  readonly place: number;
  readonly deed: "remove" | "replace" | "rename" | "wrap" | "double";
  readonly word: number;
}

/** One change to its bytes. */
interface Cut {
  readonly at: number;
  readonly length: number;
  readonly put: string;
}

/** Everything that a seed decides. */
interface Mutation {
  readonly context: string | undefined;
  readonly command: number;
  readonly changes: readonly Change[];
  readonly cuts: readonly Cut[];
  readonly asJson: boolean;
}

const change: fc.Arbitrary<Change> = fc.record({
  place: fc.nat(),
  deed: fc.constantFrom("remove", "replace", "replace", "rename", "wrap", "double"),
  word: fc.nat(),
});
const scrap = fc.constantFrom(
  ..."{}[]:-&*!|>'\"%@`#,?\n\t\u0000\u001b\u007f\u0085\u202e\ufeff\ud83d".split(""),
  "<<: *a",
  "&a ",
  "*a",
  "!!binary ",
  "---\n",
  "\u001b]52;c;aGk=\u0007",
);
const cut: fc.Arbitrary<Cut> = fc.record({
  at: fc.nat(),
  length: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(400)),
  put: fc.oneof(
    fc.constant(""),
    scrap,
    fc.array(scrap, { maxLength: 8 }).map((all) => all.join("")),
  ),
});
const mutation: fc.Arbitrary<Mutation> = fc
  .record({
    context: fc.option(fc.constantFrom(...contexts), { nil: undefined, freq: 8 }),
    command: fc.nat(),
    changes: fc.array(change, { maxLength: 4 }),
    cuts: fc.oneof(fc.constant([]), fc.array(cut, { maxLength: 4 })),
    asJson: fc.boolean(),
  })
  .filter(({ changes, cuts }) => changes.length + cuts.length > 0);

/** One server that the kubeconfig vouches for, one that nobody vouches for, and one without TLS. */
type Servers = Readonly<Record<"trusted" | "untrusted" | "clear", ScriptedServer>>;

/** A place to run the program with mutated kubeconfigs. Its servers record which credentials each of them is shown. */
export class MutatedKubeconfigs {
  readonly #ends = new Map<number | null, number>();
  #signedIn = 0;
  readonly #sandbox: Sandbox;
  readonly #folder: string;
  readonly #servers: Servers;
  readonly #base: object;
  readonly #words: readonly unknown[];
  readonly #restore: () => void;

  private constructor(sandbox: Sandbox, folder: string, servers: Servers, authority: string) {
    this.#sandbox = sandbox;
    this.#folder = folder;
    this.#servers = servers;
    this.#base = baseConfig(servers.trusted.port, authority);
    this.#words = wordsFor(folder, servers);
    this.#restore = onlyThisMachine();
    // Nobody is let in, so no run succeeds.
    for (const server of Object.values(servers)) server.otherwise = status(401, "Unauthorized");
  }

  static async open(sandbox: Sandbox): Promise<MutatedKubeconfigs> {
    const folder = await mkdtemp(join(tmpdir(), "acr-pull-mutated-"));
    const [ours, foreign] = await Promise.all([createCertificateAuthority(), createCertificateAuthority()]);
    const servers = {
      trusted: new ScriptedServer(await ours.issue()),
      untrusted: new ScriptedServer(await foreign.issue()),
      clear: new ScriptedServer(),
    };
    await Promise.all(Object.values(servers).map((server) => server.start()));
    const own = await ours.issue();
    const credential = { kind: "ExecCredential", status: { token: secrets.plugin } };
    await Promise.all([
      writeFile(join(folder, "token"), secrets.file),
      writeFile(join(folder, "own.crt"), own.certificate),
      writeFile(join(folder, "own.key"), own.key),
      writeFile(join(folder, "login"), `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`, { mode: 0o755 }),
    ]);
    execFileSync("mkfifo", [join(folder, "pipe")]);
    return new MutatedKubeconfigs(sandbox, folder, servers, ours.certificate);
  }

  /** Checks seeds one after another, prints the counts for a closing note, and says how to rerun those that failed. */
  async failures(seeds: readonly number[]): Promise<readonly string[]> {
    const failures = await failingSeeds(
      "ran with a kubeconfig that was mutated",
      seeds,
      (seed) => this.check(seed),
      (seed) =>
        `LAG_SEED=${seed} LAG_SEEDS=1 npx vitest run --config test/vitest.config.ts test/kubernetes/mutated`,
    );
    const ends = [...this.#ends].toSorted(([left], [right]) => Number(left) - Number(right));
    const counts = ends.map(([code, times]) => `exit ${code}: ${times}`).join(", ");
    process.stderr.write(`${counts}; ${this.#signedIn} came far enough to show the cluster a credential\n`);
    return failures;
  }

  async close(): Promise<void> {
    this.#restore();
    await Promise.all(Object.values(this.#servers).map((server) => server.stop()));
    await rm(this.#folder, { recursive: true });
  }

  /** @throws Error if the program, given the kubeconfig of the seed, does what it must never do */
  async check(seed: number): Promise<void> {
    const [drawn] = fc.sample(mutation, { seed, numRuns: 1 });
    if (!drawn) throw new TypeError("a sample of one is one");
    const bytes = this.#mutated(drawn);
    const file = join(this.#folder, "kubeconfig");
    await writeFile(file, bytes);
    for (const server of Object.values(this.#servers)) server.requests.length = 0;
    const args = [
      ...(commands[drawn.command % commands.length] ?? []),
      "--kubeconfig",
      file,
      "--timeout",
      "2s",
      ...(drawn.context === undefined ? [] : ["--context", drawn.context]),
    ];
    const run = await runHurried(this.#sandbox, args, { input: "pass8Q~word" });
    this.#ends.set(run.code, (this.#ends.get(run.code) ?? 0) + 1);
    if (this.#servers.trusted.requests.some(({ headers }) => headers.authorization)) this.#signedIn += 1;
    const said = run.stdout + run.stderr;
    const fail = (what: string) => {
      throw new Error(
        `${what}: ${args.join(" ")}\n${said.slice(0, 2_000)}\n--- ${bytes.toString("latin1").slice(0, 4_000)}`,
      );
    };
    if (![1, 2, 3].includes(run.code ?? 0)) fail(`ended with ${run.code}`);
    if (/is a bug in acr-pull/.test(said)) fail("took it for a bug of its own");
    if (/^\s+at .*:\d+/m.test(said)) fail("showed a stack");
    if (unprintable.test(said)) fail("printed control characters");
    const hidden = Object.values(secrets).filter((secret) => !isPublic(bytes, secret));
    const told = hidden.flatMap((secret) => formsOf(secret).filter((form) => said.includes(form)));
    if (told.length > 0 || secretsIn(said, this.#sandbox).length > 0) fail("showed a secret");
    const { untrusted, clear } = this.#servers;
    if (untrusted.requests.length > 0) fail("spoke to a server that nobody vouches for");
    if (clear.requests.some(({ headers }) => headers.authorization !== undefined)) {
      fail("showed a credential without TLS");
    }
  }

  #mutated({ changes, cuts, asJson }: Mutation): Buffer {
    const config: unknown = structuredClone(this.#base);
    for (const one of changes) this.#change(config, one);
    const text = asJson ? JSON.stringify(config) : dump(config, { skipInvalid: true, noRefs: true });
    let bytes = Buffer.from(text);
    for (const { at, length, put } of cuts) {
      const start = at % (bytes.length + 1);
      bytes = Buffer.concat([
        bytes.subarray(0, start),
        // Half of a surrogate pair stands for a byte that never occurs in UTF-8.
        put === "\ud83d" ? Buffer.from([0xff]) : Buffer.from(put),
        bytes.subarray(start + length),
      ]);
    }
    return bytes;
  }

  #change(config: unknown, { place, deed, word }: Change): void {
    const paths = pathsIn(config);
    const path = paths[place % paths.length];
    const key = path?.at(-1);
    if (path === undefined || key === undefined) return;
    const holder = path.slice(0, -1).reduce<unknown>((at, step) => (at as Holder)[step], config) as Holder;
    const put = this.#words[word % this.#words.length];
    if (deed === "remove") {
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
    } else if (deed === "replace") holder[key] = structuredClone(put);
    else if (deed === "wrap") holder[key] = word % 2 === 0 ? [holder[key]] : { [String(key)]: holder[key] };
    else if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
    else if (deed === "rename" && typeof put === "string") {
      // If it were assigned, `__proto__` would not become a field.
      const field = { value: holder[key], enumerable: true, writable: true, configurable: true };
      Object.defineProperty(holder, put, field);
    } else holder[`${String(key)} `] = holder[key];
  }
}

type Holder = Record<string | number, unknown>;

/** Each reads the kubeconfig, and would present a credential to the cluster. */
const commands: ReadonlyArray<readonly string[]> = [
  "status",
  "status -o json",
  "rotate --dry-run -v",
  "setup --registry localhost:1 --cloud https://localhost:1 --service-principal 6d1e0fbf-5ff7-4a3b-9c1c-2b0f3a6a2d11 --password-stdin --dry-run",
].map((line) => line.split(" "));

function baseConfig(port: number, authority: string): object {
  const cluster = (more: object = {}) => ({
    server: `https://localhost:${port}`,
    "certificate-authority-data": Buffer.from(authority).toString("base64"),
    ...more,
  });
  const users = {
    token: {
      token: secrets.token,
      as: "somebody",
      "as-groups": ["g"],
      "as-user-extra": { scopes: ["view"] },
    },
    file: { tokenFile: "token" },
    certificate: { "client-certificate": "own.crt", "client-key": "own.key" },
    password: { username: "me", password: secrets.password },
    plugin: {
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: "./login",
        args: ["get-token", "--now"],
        env: [{ name: "MODE", value: "quiet" }],
        interactiveMode: "Never",
        provideClusterInfo: true,
        installHint: "install it",
      },
    },
    oidc: {
      "auth-provider": {
        name: "oidc",
        config: {
          "client-id": "c",
          "idp-issuer-url": "https://localhost:1",
          "refresh-token": secrets.refresh,
        },
      },
    },
    gcp: { "auth-provider": { name: "gcp", config: { "cmd-path": "./login", "cmd-args": "x" } } },
    other: { token: secrets.token },
  };
  const names = Object.keys(users);
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "token",
    clusters: [
      { name: "c", cluster: cluster() },
      { name: "o", cluster: cluster({ "tls-server-name": "localhost", "proxy-url": "http://localhost:1" }) },
    ],
    users: names.map((name) => ({ name, user: users[name as keyof typeof users] })),
    contexts: names.map((name) => ({
      name,
      context: { cluster: name === "other" ? "o" : "c", user: name, namespace: "apps" },
    })),
  };
}

/** Values to put in another one's place: of other types, hostile, or valid elsewhere. */
function wordsFor(folder: string, { trusted, untrusted, clear }: Servers): readonly unknown[] {
  const groups: unknown[][] = [
    [null, true, 0, -1, 1e308, "", " ", [], {}, [[]], [null], { toString: 1 }, { name: "n" }],
    ["__proto__", "constructor", "toString", "\u0000", "a\nb", "a\r\nX: y", "\ud800", "\u3164", "%00", "%zz"],
    ["\u001b]52;c;aGk=\u0007\u001b[31mred", "\u202eright", "\u0085", "x".repeat(70_000), "2026-11-25"],
    [
      "token",
      "c",
      "o",
      "own.crt",
      "own.key",
      "./login",
      "pipe",
      "/dev/zero",
      folder,
      "../../../../etc/hostname",
    ],
    ["oidc", "gcp", "azure", "exec", "client.authentication.k8s.io/v1beta1", "Always"],
    [
      "https://localhost:1",
      "https://[::1]:1",
      "https://",
      "//",
      "https://%",
      `socks5://localhost:${clear.port}`,
    ],
    [`https://localhost:${trusted.port}/prefix/`, `https://localhost:${untrusted.port}`],
    [`https://somebody:${secrets.proxy}@localhost:${trusted.port}`],
    [`http://localhost:${clear.port}`, `HTTP://localhost:${clear.port}`],
    [`http://somebody:${secrets.proxy}@localhost:${clear.port}`],
  ];
  return groups.flat();
}

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const below = Array.isArray(value)
    ? value.flatMap((item, index) => pathsIn(item, [...path, index]))
    : Object.entries(value).flatMap(([key, item]) => pathsIn(item, [...path, key]));
  return [path, ...below];
}

/** Whether a mutation has put a secret where names, paths and the like stand. Those may be shown. */
function isPublic(bytes: Buffer, secret: string): boolean {
  let config: unknown;
  try {
    config = loadAll(bytes.toString("utf8"), null, { json: true })[0];
  } catch {
    return false;
  }
  const part = secret.slice(0, 12);
  const holds = (value: unknown, isHidden: boolean): boolean => {
    if (typeof value === "string") return !isHidden && value.includes(part);
    if (typeof value !== "object" || value === null) return false;
    return Object.entries(value).some(
      ([key, item]) => key.includes(part) || holds(item, secretFields.has(key)),
    );
  };
  return holds(config, false);
}

function formsOf(secret: string): string[] {
  return [secret, Buffer.from(secret).toString("base64").replace(/=+$/, "")];
}

/** Only names of this machine are resolved. A mutated name may be a stranger's, and a real lookup takes time. */
function onlyThisMachine(): () => void {
  const real = dns.lookup;
  const lookup = (host: string, ...rest: readonly unknown[]) => {
    const answer = rest.at(-1) as (error: Error | null, ...found: readonly unknown[]) => void;
    const { all = false } = (rest.length > 1 ? rest[0] : {}) as { readonly all?: boolean };
    if (/^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)) {
      const address = { address: "127.0.0.1", family: 4 };
      process.nextTick(() => (all ? answer(null, [address]) : answer(null, address.address, address.family)));
      return;
    }
    const unknown = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" });
    process.nextTick(() => answer(unknown));
  };
  Object.assign(dns, { lookup });
  return () => {
    Object.assign(dns, { lookup: real });
  };
}
