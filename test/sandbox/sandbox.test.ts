import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";

let sandbox: Sandbox;
let agent: Agent;

beforeAll(async () => {
  sandbox = await startSandbox({ checkInvariants: true });
  agent = new Agent({ ca: await readFile(sandbox.caPath, "utf8"), keepAlive: true });
});

afterAll(async () => {
  agent.destroy();
  await sandbox.close();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Asks a service of the sandbox, and trusts what the sandbox's environment says to trust. */
function ask(
  url: string,
  {
    method = "GET",
    token,
    body = "",
    agent: own = agent,
    contentType = body.startsWith("{") ? "application/json" : "application/x-www-form-urlencoded",
  }: { method?: string; token?: string; body?: string; agent?: Agent; contentType?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === "" ? {} : { "content-type": contentType }),
    };
    const outgoing = request(url, { method, agent: own, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function signIn(resource: string, to: Sandbox = sandbox, own: Agent = agent): Promise<string> {
  const { environment } = to;
  const { text } = await ask(
    `${environment["ACR_PULL_CLOUD"]}/${environment["AZURE_TENANT_ID"]}/oauth2/v2.0/token`,
    {
      method: "POST",
      agent: own,
      body: new URLSearchParams({
        client_id: environment["AZURE_CLIENT_ID"] ?? "",
        client_secret: environment["AZURE_CLIENT_SECRET"] ?? "",
        grant_type: "client_credentials",
        scope: `${resource}/.default`,
      }).toString(),
    },
  );
  return (JSON.parse(text) as { access_token: string }).access_token;
}

interface Kubeconfig {
  readonly "current-context": string;
  readonly contexts: ReadonlyArray<{ name: string; context: { cluster: string; user: string } }>;
  readonly clusters: ReadonlyArray<{
    name: string;
    cluster: { server: string; "certificate-authority-data": string };
  }>;
  readonly users: ReadonlyArray<{ name: string; user: { token: string } }>;
}

async function kubeconfig(): Promise<Kubeconfig> {
  return JSON.parse(await readFile(sandbox.kubeconfigPath, "utf8")) as Kubeconfig;
}

describe("a started sandbox", () => {
  it("keeps what it wrote where only its user can read it", async () => {
    const { folder, environment } = sandbox;
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const variable of ["KUBECONFIG", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"]) {
      const path = environment[variable] ?? "";
      expect(path.startsWith(folder)).toBe(true);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
    expect((await stat(environment["AZURE_CONFIG_DIR"] ?? "")).mode & 0o777).toBe(0o700);
  });

  it("names all that the contract names in its environment", () => {
    expect(Object.keys(sandbox.environment).sort()).toEqual([
      "ACR_PULL_CLOUD",
      "AZURE_CLIENT_ID",
      "AZURE_CLIENT_SECRET",
      "AZURE_CONFIG_DIR",
      "AZURE_CORE_COLLECT_TELEMETRY",
      "AZURE_CORE_INSTANCE_DISCOVERY",
      "AZURE_SUBSCRIPTION_ID",
      "AZURE_TENANT_ID",
      "KUBECONFIG",
      "NODE_EXTRA_CA_CERTS",
      "NO_PROXY",
      "REQUESTS_CA_BUNDLE",
      "SSL_CERT_FILE",
    ]);
  });

  it("lets the caller into Resource Manager, which knows the login servers", async () => {
    const { ACR_PULL_CLOUD: cloud, AZURE_SUBSCRIPTION_ID: subscription } = sandbox.environment;
    const token = await signIn("https://management.core.windows.net/");
    const { status, text } = await ask(
      `${cloud}//subscriptions/${subscription}/providers/Microsoft.ContainerRegistry/registries?api-version=2025-11-01`,
      { token },
    );
    expect(status).toBe(200);
    const { value } = JSON.parse(text) as {
      value: Array<{ name: string; properties: { loginServer: string } }>;
    };
    expect(value.map(({ name }) => name)).toEqual(["myregistry", "abacregistry"]);
    for (const { properties } of value) expect(properties.loginServer).toMatch(/^localhost:\d+$/);
  });

  it("lets the caller into Microsoft Graph", async () => {
    const cloud = sandbox.environment["ACR_PULL_CLOUD"] ?? "";
    const token = await signIn(cloud);
    const { status, text } = await ask(`${cloud}/v1.0/applications`, {
      method: "POST",
      token,
      body: JSON.stringify({ displayName: "made by a test" }),
    });
    expect([status, (JSON.parse(text) as { displayName: string }).displayName]).toEqual([
      201,
      "made by a test",
    ]);
    expect(sandbox.world.applications.some(({ displayName }) => displayName === "made by a test")).toBe(true);
  });

  it("has each registry challenge who comes without a token, at a port of its own", async () => {
    const loginServers = sandbox.world.registries.map(({ loginServer }) => loginServer);
    expect(new Set(loginServers).size).toBe(2);
    for (const loginServer of loginServers) {
      const { status, headers } = await ask(`https://${loginServer}/v2/`);
      expect(status).toBe(401);
      expect(headers["www-authenticate"]).toContain(`realm="https://${loginServer}/oauth2/token"`);
    }
  });

  it("leads by each context of its kubeconfig to a cluster of its own", async () => {
    const config = await kubeconfig();
    expect(config["current-context"]).toBe("sandbox");
    const uids = await Promise.all(
      config.contexts.map(async ({ context }) => {
        const cluster = config.clusters.find(({ name }) => name === context.cluster)!.cluster;
        const { token } = config.users.find(({ name }) => name === context.user)!.user;
        const ca = Buffer.from(cluster["certificate-authority-data"], "base64").toString();
        expect(ca).toBe(await readFile(sandbox.caPath, "utf8"));
        const { text } = await ask(`${cluster.server}/api/v1/namespaces/kube-system`, { token });
        return (JSON.parse(text) as { metadata: { uid: string } }).metadata.uid;
      }),
    );
    expect(uids).toEqual(
      sandbox.world.clusters.map(
        ({ objects }) =>
          objects["namespaces"]!.find(({ metadata }) => metadata.name === "kube-system")!.metadata.uid,
      ),
    );
  });

  it("logs what was asked of every service, and what of it was a change", async () => {
    const before = sandbox.requests.entries.length;
    const config = await kubeconfig();
    const { server } = config.clusters[0]!.cluster;
    const { token } = config.users[0]!.user;
    await signIn("https://management.core.windows.net/");
    await ask(`https://${sandbox.world.registries[0]!.loginServer}/v2/`);
    await ask(`${server}/api/v1/namespaces/default/secrets`, {
      method: "POST",
      token,
      body: JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" } }),
    });
    await ask(`${server}/api/v1/namespaces/default/secrets?dryRun=All`, {
      method: "POST",
      token,
      body: JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "t" } }),
    });
    expect(
      sandbox.requests.entries
        .slice(before)
        .map(({ service, method, status, mutating }) => [service, method, status, mutating]),
    ).toEqual([
      ["azure", "POST", 200, false],
      ["registry myregistry", "GET", 401, false],
      ["cluster sandbox", "POST", 201, true],
      ["cluster sandbox", "POST", 201, false],
    ]);
    expect(sandbox.violations).toEqual([]);
  });

  it("shows an object that a test puts into a cluster", async () => {
    sandbox.addObject("sandbox-staging", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "c", namespace: "awesomeapps" },
    });
    const config = await kubeconfig();
    const { status } = await ask(
      `${config.clusters[1]!.cluster.server}/api/v1/namespaces/awesomeapps/configmaps/c`,
      {
        token: config.users[1]!.user.token,
      },
    );
    expect(status).toBe(200);
  });

  it.each([
    ["Entra", "/{tenant}/oauth2/v2.0/token", { error: expect.any(String) as string }],
    ["Microsoft Graph", "/v1.0/applications", { error: { code: expect.any(String) as string } }],
    ["Resource Manager", "/subscriptions", { error: { code: "TooManyRequests" } }],
  ])("answers an injected fault as %s would", async (_, path, shape) => {
    const url = `${sandbox.world.azureUrl}${path.replace("{tenant}", sandbox.world.tenantId)}`;
    sandbox.setFaults([{ match: "", status: 429, retryAfter: 1 }]);
    const { status, headers, text } = await ask(url);
    sandbox.setFaults([]);
    expect([status, headers["retry-after"]]).toEqual([429, "1"]);
    expect(JSON.parse(text)).toMatchObject(shape);
  });

  it.each([
    ["a registry", () => `https://${sandbox.world.registries[0]!.loginServer}/v2/`, { errors: [{}] }],
    [
      "a cluster",
      () => `${sandbox.world.clusters[0]!.server}/api/v1/namespaces`,
      { kind: "Status", code: 503 },
    ],
  ])("answers an injected fault as %s would", async (_, url, shape) => {
    sandbox.setFaults([{ match: "", status: 503 }]);
    const { status, text } = await ask(url());
    sandbox.setFaults([]);
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject(shape);
  });
});

describe("a sandbox that checks its invariants", () => {
  it("notices what a request breaks in a cluster and in the directory", async () => {
    const watched = await startSandbox({
      checkInvariants: true,
      applications: [{ displayName: "app", owners: ["caller"], passwords: [{ displayName: "by hand" }] }],
      clusters: [
        {
          context: "c",
          objects: [
            {
              apiVersion: "v1",
              kind: "Secret",
              metadata: { name: "s", namespace: "default", labels: { team: "a" } },
              type: "kubernetes.io/dockerconfigjson",
              data: { ".dockerconfigjson": Buffer.from("{}").toString("base64") },
            },
          ],
        },
      ],
    });
    const trusting = new Agent({ ca: await readFile(watched.caPath, "utf8") });
    const { world } = watched;
    const [cluster] = world.clusters;
    const body = JSON.stringify({ metadata: { labels: { team: null } } });
    const patched = await ask(`${cluster!.server}/api/v1/namespaces/default/secrets/s`, {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      token: cluster!.users[0]!.token,
      agent: trusting,
      body,
    });
    const app = world.applications.find(({ displayName }) => displayName === "app");
    const token = await signIn(world.azureUrl, watched, trusting);
    const removed = await ask(`${world.azureUrl}/v1.0/applications/${app?.id}/removePassword`, {
      method: "POST",
      token,
      agent: trusting,
      body: JSON.stringify({ keyId: app?.passwords[0]?.keyId }),
    });
    await watched.close();
    expect([patched.status, removed.status]).toEqual([200, 204]);
    expect(watched.violations.map(({ invariant }) => invariant)).toEqual(["I7", "I3"]);
  });
});

const hasDockerRegistry = await promisify(execFile)("docker-registry", ["--version"]).then(
  () => true,
  () => false,
);

describe.skipIf(!hasDockerRegistry)("a sandbox with real registries", () => {
  it("has them answer behind its own token endpoint", async () => {
    const real = await startSandbox({ registryServer: "docker-registry" });
    const trusting = new Agent({ ca: await readFile(real.caPath, "utf8") });
    try {
      for (const { loginServer } of real.world.registries) {
        const { status, headers } = await ask(`https://${loginServer}/v2/`, { agent: trusting });
        expect(status).toBe(401);
        expect(headers["www-authenticate"]).toContain(`realm="https://${loginServer}/oauth2/token"`);
      }
    } finally {
      await real.close();
    }
  });
});

describe("starting and ending", () => {
  it("leaves nothing behind", async () => {
    const other = await startSandbox();
    await other.close();
    await expect(stat(other.folder)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(ask(`${other.world.azureUrl}/metadata/endpoints`)).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });

  it("takes the port that was asked for, and leaves nothing behind when it is taken", async () => {
    const port = Number(new URL(sandbox.world.azureUrl).port);
    await expect(startSandbox({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    const other = await startSandbox();
    const free = Number(new URL(other.world.azureUrl).port);
    await other.close();
    const third = await startSandbox({ port: free });
    expect(third.world.azureUrl).toBe(`https://localhost:${free}`);
    await third.close();
  });

  it("refuses options that it does not know before anything listens", async () => {
    await expect(startSandbox({ registries: [{ name: "" }] })).rejects.toThrow("registries.0.name");
  });

  it("writes its files below a folder of its own", () => {
    expect(sandbox.kubeconfigPath).toBe(join(sandbox.folder, "kubeconfig"));
  });
});

describe("clocks", () => {
  it("are off by as much as is asked for: those of Azure and its registries, and each cluster's own", async () => {
    const hourMs = 3_600_000;
    const off = await startSandbox({
      clockAheadMs: -2 * hourMs,
      clusters: [{ context: "one", clockAheadMs: 2 * hourMs }, { context: "two" }],
    });
    const trusting = new Agent({ ca: await readFile(off.caPath, "utf8") });
    const { world } = off;
    const aheadHours = async (url: string) => {
      const { headers } = await ask(url, { agent: trusting });
      return Math.round((Date.parse(String(headers["date"])) - Date.now()) / hourMs) || 0;
    };
    try {
      expect(await aheadHours(`${world.azureUrl}/metadata/endpoints`)).toBe(-2);
      expect(await aheadHours(`https://${world.registries[0]?.loginServer}/v2/`)).toBe(-2);
      expect(await aheadHours(`${world.clusters[0]?.server}/version`)).toBe(2);
      expect(await aheadHours(`${world.clusters[1]?.server}/version`)).toBe(0);
    } finally {
      trusting.destroy();
      await off.close();
    }
  });
});
