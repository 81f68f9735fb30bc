import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ActionableError } from "../../src/domain/errors.ts";
import { createCluster } from "../../src/kubernetes/cluster-client.ts";
import { signInToCluster } from "../../src/kubernetes/cluster-sign-in.ts";
import { contextNames } from "../../src/kubernetes/context-names.ts";
import { loadKubeconfig, type Kubeconfig } from "../../src/kubernetes/kubeconfig.ts";

const { signal } = new AbortController();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-kubeconfig-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const noHome = { HOME: "/nonexistent" };

function config(
  context: string,
  { server = `https://${context}.test`, user = "{token: t}", rest = "" } = {},
) {
  return `
apiVersion: v1
kind: Config
clusters: [{name: ${context}, cluster: {server: "${server}"}}]
users: [{name: ${context}, user: ${user}}]
contexts: [{name: ${context}, context: {cluster: ${context}, user: ${context}, namespace: ns-of-${context}}}]
${rest}`;
}

/** The headers that sign the context `blue` in with each request. */
async function headersOf(loaded: Kubeconfig) {
  const connection = loaded.connection("blue");
  return (await signInToCluster(connection, () => {}, signal)).headers;
}

function context(name: string, server: string | undefined) {
  return { name, namespace: `ns-of-${name}`, server };
}

async function refusal(promise: Promise<unknown>): Promise<ActionableError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ActionableError)) throw new Error("was not refused", { cause: error });
  return error;
}

describe("loadKubeconfig", () => {
  test("merges the files of KUBECONFIG as kubectl does: the first to name a thing wins, missing ones are passed over", async () => {
    const first = await file("first", config("one", { rest: "current-context: one" }));
    const second = await file(
      "second",
      config("two", { rest: "current-context: two" }).replace(
        "clusters: [",
        "clusters: [{name: one, cluster: {server: 'https://other.test'}}, ",
      ),
    );
    const loaded = await loadKubeconfig(
      {
        env: { ...noHome, KUBECONFIG: [join(folder, "none"), first, second].join(delimiter) },
      },
      signal,
    );
    expect(loaded.currentContext).toBe("one");
    expect(loaded.contexts).toEqual([context("one", "https://one.test"), context("two", "https://two.test")]);
    expect(loaded.connection("one").cluster.server).toBe("https://one.test");
  });

  test("reads ~/.kube/config when nothing is named, and only the named file when one is", async () => {
    await mkdir(join(folder, ".kube"), { recursive: true });
    await file(join(".kube", "config"), config("home"));
    const named = await file("named", config("named"));
    const env = { HOME: folder };
    expect((await loadKubeconfig({ env }, signal)).contexts[0]?.name).toBe("home");
    expect((await loadKubeconfig({ env, file: named }, signal)).contexts.map(({ name }) => name)).toEqual([
      "named",
    ]);
  });

  test("refuses, with exit code 2, a file that is not there", async () => {
    const error = await refusal(loadKubeconfig({ env: noHome, file: join(folder, "none") }, signal));
    expect(error).toMatchObject({ code: "kubernetes.kubeconfig-missing", exitCode: 2 });
  });

  test("refuses a malformed file without quoting it, for it holds credentials", async () => {
    const broken = await file("broken", "users:\n- name: u\n  user: {token: s3cr3t-t0k3n\n  : : [");
    const error = await refusal(loadKubeconfig({ env: noHome, file: broken }, signal));
    expect(error).toMatchObject({ code: "kubernetes.kubeconfig-malformed", exitCode: 2 });
    expect(`${error.message} ${error.hint ?? ""} ${error.stack ?? ""}`).not.toContain("s3cr3t");
  });

  test.each([
    ["an empty file", ""],
    ["null lists", "clusters: null\ncontexts: null\nusers: null"],
    ["entries without a name", "clusters: [{}]\ncontexts: [{}]\nusers: [{}]"],
  ])("takes %s for a kubeconfig without contexts", async (what, text) => {
    const path = await file(what.replaceAll(" ", "-"), text);
    expect((await loadKubeconfig({ env: noHome, file: path }, signal)).contexts).toEqual([]);
  });

  test("takes a name that looks like a date for a name, and the last of two keys, as kubectl does", async () => {
    const path = await file(
      "dates",
      `${config("2026-11-25")}current-context: old\ncurrent-context: 2026-11-25`,
    );
    const loaded = await loadKubeconfig({ env: noHome, file: path }, signal);
    expect(loaded.currentContext).toBe("2026-11-25");
    expect(loaded.connection("2026-11-25").cluster.server).toBe("https://2026-11-25.test");
    const names = await contextNames({ env: noHome, file: path }, signal);
    expect(names.map(({ name, isCurrent }) => [name, isCurrent])).toEqual([["2026-11-25", true]]);
  });

  test("takes what a merge key brings with it", async () => {
    const text = config("blue", { user: "{<<: *shared}" });
    const path = await file("merge-key", `shared: &shared {token: t0k3n}${text}`);
    expect(await headersOf(await loadKubeconfig({ env: noHome, file: path }, signal))).toEqual({
      Authorization: "Bearer t0k3n",
    });
  });

  test("refuses a list, a word or a number", async () => {
    for (const text of ["[1]", "word", "1"]) {
      const path = await file("no-mapping", text);
      const error = await refusal(loadKubeconfig({ env: noHome, file: path }, signal));
      expect(error.code).toBe("kubernetes.kubeconfig-malformed");
    }
  });
});

function refusedOnly(error: unknown): undefined {
  expect(error).toBeInstanceOf(ActionableError);
}

test("whatever a file holds, it is read or refused, and so is each of its contexts", async () => {
  const junk = fc.oneof(fc.constant(null), fc.integer(), fc.string(), fc.constant([]), fc.constant({}));
  const name = fc.oneof(fc.constantFrom("a", "b", "__proto__"), junk);
  const record = (fields: Record<string, fc.Arbitrary<unknown>>) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.record(fields, { requiredKeys: [] }) },
      { weight: 1, arbitrary: junk },
    );
  const list = (item: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 4, arbitrary: fc.array(item, { maxLength: 3 }) }, { weight: 1, arbitrary: junk });
  const text = fc.oneof(fc.constantFrom("https://a.test", "http://", "https://", "nowhere"), junk);
  const cluster = record({
    server: text,
    "insecure-skip-tls-verify": junk,
    "certificate-authority": junk,
    "proxy-url": text,
  });
  const exec = record({ command: text, args: list(junk), env: list(record({ name: junk, value: junk })) });
  const user = record({
    token: junk,
    tokenFile: junk,
    exec,
    "auth-provider": record({ name: junk, config: junk }),
    "as-groups": list(junk),
    "as-user-extra": record({ k: list(junk) }),
  });
  const kubeconfig = record({
    "current-context": name,
    clusters: list(record({ name, cluster })),
    users: list(record({ name, user })),
    contexts: list(record({ name, context: record({ cluster: name, user: name, namespace: junk }) })),
  });
  const path = join(folder, "fuzzed");
  await fc.assert(
    fc.asyncProperty(kubeconfig, async (value) => {
      await writeFile(path, JSON.stringify(value));
      const loaded = await loadKubeconfig({ env: noHome, file: path }, signal).catch(refusedOnly);
      for (const context of loaded?.contexts ?? []) {
        expect(typeof context.name).toBe("string");
        expect(["string", "undefined"]).toContain(typeof context.namespace);
        try {
          if (loaded) createCluster(loaded, context.name);
        } catch (error) {
          refusedOnly(error);
        }
      }
    }),
    { numRuns: 400 },
  );
});

describe("a context", () => {
  test("that does not exist is refused with those that do", async () => {
    const path = await file("two-contexts", config("blue"));
    const loaded = await loadKubeconfig({ env: noHome, file: path }, signal);
    expect(() => loaded.connection("red")).toThrow(
      expect.objectContaining({
        code: "kubernetes.context-not-found",
        exitCode: 2,
        hint: expect.stringContaining("blue"),
      }),
    );
    expect(() => loaded.connection("blu")).toThrow('The kubeconfig has no context "blu". Did you mean blue?');
  });

  test("says where its cluster is, without asking anybody", async () => {
    const user = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ask-me}}";
    const server = "https://ada:s3cr3t@api.test:6443/blue/?token=s3cr3t";
    const loaded = await loadKubeconfig(
      {
        env: noHome,
        file: await file("told", config("blue", { user, server })),
      },
      signal,
    );
    expect(loaded.contexts).toEqual([context("blue", "https://api.test:6443/blue")]);
    const bare = await loadKubeconfig(
      {
        env: noHome,
        file: await file("bare", "contexts: [{name: bare, context: {cluster: none, user: nobody}}]"),
      },
      signal,
    );
    expect(bare.contexts).toEqual([{ ...context("bare", undefined), namespace: undefined }]);
  });

  test("that names a cluster or user which is not there is refused", async () => {
    const text = config("blue").replace("user: blue,", "user: ghost,");
    const loaded = await loadKubeconfig({ env: noHome, file: await file("ghost", text) }, signal);
    expect(() => loaded.connection("blue")).toThrow(
      expect.objectContaining({ code: "kubernetes.context-incomplete", exitCode: 2 }),
    );
  });

  test.each(["ada:s3cr3t@10.0.0.1:8080", "ftp://ada:s3cr3t@10.0.0.1", "proxy.test"])(
    "with a proxy %s that kubectl does not take is refused, and what may be a password is not shown",
    async (proxy) => {
      const text = config("blue").replace(/server: "[^"]*"/, `$&, proxy-url: "${proxy}"`);
      const loaded = await loadKubeconfig({ env: noHome, file: await file("proxy", text) }, signal);
      let error: unknown;
      try {
        loaded.connection("blue");
      } catch (refusal) {
        error = refusal;
      }
      expect(error).toMatchObject({ code: "kubernetes.bad-proxy", exitCode: 2 });
      expect(String(error)).toContain("http, https or socks5");
      expect(String(error)).not.toMatch(/s3cr3t|10\.0\.0\.1/);
    },
  );

  test.each([
    ["plain http", "http://blue.test", ""],
    ["unverified TLS", "https://blue.test", ", insecure-skip-tls-verify: true"],
  ])("with %s is refused, with what to put into it", async (what, server, more) => {
    const text = config("blue").replace(/server: "[^"]*"/, `server: "${server}"${more}`);
    const loaded = await loadKubeconfig(
      { env: noHome, file: await file(what.replace(" ", "-"), text) },
      signal,
    );
    expect(() => createCluster(loaded, "blue")).toThrow(
      expect.objectContaining({
        code: "kubernetes.insecure-tls",
        exitCode: 2,
        hint: expect.stringContaining("certificate-authority-data"),
      }),
    );
  });

  test.each([
    ["{auth-provider: {name: gcp, config: {cmd-path: touch}}}", "gke-gcloud-auth-plugin"],
    ["{auth-provider: {name: azure}, token: t}", "https://github.com/Azure/kubelogin"],
    ["{auth-provider: {name: exec, config: {exec: {command: touch}}}}", "oidc"],
    ["{auth-provider: {}}", "oidc"],
    ["{auth-provider: {name: oidc}, exec: {command: touch}}", "one of the two"],
  ])("with the user %s is refused as kubectl does, before anything is run", async (user, hint) => {
    const text = config("blue", { user });
    const loaded = await loadKubeconfig({ env: noHome, file: await file("provider", text) }, signal);
    expect(() => loaded.connection("blue")).toThrow(
      expect.objectContaining({
        code: "kubernetes.auth-provider",
        exitCode: 2,
        hint: expect.stringContaining(hint),
      }),
    );
  });

  test.each([
    "{exec: {command: login, args: [a, {toString: 1}], env: [{name: {toString: 1}, value: x}]}}",
    "{as: x, as-groups: [g, {toString: 1}], as-user-extra: {k: [v, {toString: 1}]}, token: t}",
    '{as: x, as-user-extra: {"\\ud800": [v]}, token: t}',
  ])("is not confused by what no text can be made of: %s", async (user) => {
    const path = await file("no-text", config("blue", { user }));
    const loaded = await loadKubeconfig({ env: noHome, file: path }, signal);
    const { plugin, impersonation } = loaded.connection("blue").user ?? {};
    expect(plugin?.args ?? ["a"]).toEqual(["a"]);
    expect(impersonation?.["Impersonate-Group"] ?? ["g"]).toEqual(["g"]);
  });

  test("takes a plugin with a relative command from beside the kubeconfig", async () => {
    const user =
      "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/plugin, args: [a], env: [{name: N, value: v}]}}";
    const loaded = await loadKubeconfig(
      { env: noHome, file: await file("exec", config("blue", { user })) },
      signal,
    );
    expect(loaded.connection("blue").user?.plugin).toMatchObject({
      command: join(folder, "bin", "plugin"),
      args: ["a"],
      env: { N: "v" },
    });
  });

  test("reads the token of its user from a file beside the kubeconfig", async () => {
    await file("the-token", "from-the-file");
    const user = "{tokenFile: the-token, token: from-the-config}";
    const loaded = await loadKubeconfig(
      {
        env: noHome,
        file: await file("by-file", config("blue", { user })),
      },
      signal,
    );
    expect(await headersOf(loaded)).toEqual({ Authorization: "Bearer from-the-file" });
  });

  test.each([
    ["is not there", "no-such-token"],
    ["holds nothing", "empty-token"],
  ])(
    "signs in with the token of its user where the file beside it %s, as kubectl does",
    async (_what, name) => {
      await file("empty-token", "\n");
      const user = `{tokenFile: ${name}, token: from-the-config}`;
      const path = await file(`without-${name}`, config("blue", { user }));
      expect(await headersOf(await loadKubeconfig({ env: noHome, file: path }, signal))).toEqual({
        Authorization: "Bearer from-the-config",
      });
    },
  );

  test.each(["as-groups: [ops]", "as-uid: '7'", "as-user-extra: {scopes: [view]}"])(
    "to act with %s, and as nobody, is refused as kubectl does, before the cluster is asked",
    async (field) => {
      const text = config("blue", { user: `{token: t, ${field}}` });
      const loaded = await loadKubeconfig({ env: noHome, file: await file("as-nobody", text) }, signal);
      expect(() => loaded.connection("blue")).toThrow(
        expect.objectContaining({
          code: "kubernetes.context-incomplete",
          exitCode: 2,
          message: expect.stringContaining("impersonates groups, a uid or extra fields without a user"),
          hint: expect.stringContaining("as: NAME"),
        }),
      );
    },
  );

  test("takes for texts what YAML has plain, and leaves out what cannot be one", async () => {
    const odd = "[g1, 7, true, {toString: 1}, [g2], null]";
    const exec = `{command: plugin, args: ${odd}, env: [{name: {toString: 1}, value: v}, {name: N, value: v}]}`;
    const user = `{as: other, as-groups: ${odd}, as-user-extra: {scopes: ${odd}}, token: t, exec: ${exec}}`;
    const loaded = await loadKubeconfig(
      { env: noHome, file: await file("odd", config("blue", { user })) },
      signal,
    );
    const { impersonation, plugin } = loaded.connection("blue").user!;
    const texts = ["g1", "7", "true"];
    expect(impersonation).toMatchObject({ "Impersonate-Group": texts, "Impersonate-Extra-scopes": texts });
    expect(plugin).toMatchObject({ args: texts, env: { N: "v" } });
  });

  test("acts for the groups, uid and extra fields that its user names, as kubectl would", async () => {
    const user = "{as: other, as-uid: '7', as-groups: [g1, g2], as-user-extra: {scopes: [view]}, token: t}";
    const loaded = await loadKubeconfig(
      { env: noHome, file: await file("as", config("blue", { user })) },
      signal,
    );
    expect(await headersOf(loaded)).toEqual({
      Authorization: "Bearer t",
      "Impersonate-User": "other",
      "Impersonate-Uid": "7",
      "Impersonate-Group": ["g1", "g2"],
      "Impersonate-Extra-scopes": ["view"],
    });
  });
});
