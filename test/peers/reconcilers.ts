import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { loadAll } from "js-yaml";
import { pathOf, type Peer } from "./peer.ts";
import type { RealCluster } from "./real-cluster.ts";
import { freePort, startServer, until } from "./server-process.ts";

/* The controllers that make secrets out of what stands in Git, each as the project that publishes it builds it. */

/** The programs of a cluster whose secrets come from Git. */
export const reconcilerPeers: readonly Peer[] = [
  "kustomize-controller",
  "sealed-secrets-controller",
  "unshare",
];

const fluxNamespace = "flux-system";
const sealedSecretsNamespace = "kube-system";

/** The controller of Sealed Secrets. */
export interface SealedSecrets {
  /** PEM file with the certificate that documents are sealed for. */
  readonly certificatePath: string;
  /** Waits until the controller has made a secret of the newest version of each SealedSecret. */
  settle(namespaces: readonly string[]): Promise<void>;
}

/**
 * Starts the controller of Sealed Secrets. It has to run as root: it reads the fixed path of a pod's token, so it gets
 * a /run of its own.
 */
export async function startSealedSecrets(cluster: RealCluster): Promise<SealedSecrets> {
  await addDefinitions(cluster, await publishedDefinitions("sealed-secrets"));
  const [port, metricsPort] = [await freePort(), await freePort()];
  const folder = join(cluster.folder, "sealed-secrets");
  await mkdir(folder);
  const { hostname, port: apiPort } = new URL(cluster.server);
  const files = {
    token: cluster.admin.token,
    "ca.crt": cluster.certificate,
    namespace: sealedSecretsNamespace,
  };
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o600 });
  const account = "/run/secrets/kubernetes.io/serviceaccount";
  const script = `
    mount -t tmpfs none /run
    mkdir -p ${account}
    mount --bind ${folder} ${account}
    exec sealed-secrets-controller --listen-addr=127.0.0.1:${port} --listen-metrics-addr=127.0.0.1:${metricsPort}`;
  const server = startServer(
    ["unshare", "--mount", "sh", "-euc", script],
    join(cluster.folder, "sealed-secrets.log"),
    {
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: apiPort,
    },
  );
  cluster.endFirst(() => server.kill());
  const certificate = await until(
    "Sealed Secrets has a certificate",
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/cert.pem`);
      return answer.ok && (await answer.text());
    },
    [server],
  );
  const certificatePath = join(folder, "cert.pem");
  await writeFile(certificatePath, certificate);
  return {
    certificatePath,
    async settle(namespaces) {
      for (const namespace of namespaces) {
        await until(
          `the sealed secrets of ${namespace} are unsealed`,
          async () => {
            const path = `/apis/bitnami.com/v1alpha1/namespaces/${namespace}/sealedsecrets`;
            const { items } = (await cluster.api("GET", path)).body;
            return (items as SealedSecret[]).every(
              ({ metadata, status }) =>
                status?.observedGeneration === metadata.generation &&
                status.conditions.some((one) => one.type === "Synced" && one.status === "True"),
            );
          },
          [server],
        );
      }
    },
  };
}

interface SealedSecret {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration: number;
    readonly conditions: ReadonlyArray<{ readonly type: string; readonly status: string }>;
  };
}

/** Flux's kustomize-controller. The test itself is the source that it follows. */
export interface Flux {
  /** Publishes a folder as the newest commit, and waits until Flux has applied it. */
  apply(folder: string): Promise<void>;
}

/**
 * Starts Flux's kustomize-controller, with a Kustomization that applies what is published and decrypts it.
 * @param ageKey the private key that the documents are encrypted for
 */
export async function startFlux(cluster: RealCluster, ageKey: string): Promise<Flux> {
  const sources = ["gitrepositories", "ocirepositories", "buckets"].map(sourceDefinition);
  await addDefinitions(cluster, [...(await publishedDefinitions("flux")), ...sources]);
  await must(cluster, "POST", "/api/v1/namespaces", { metadata: { name: fluxNamespace } });
  await must(cluster, "POST", `/api/v1/namespaces/${fluxNamespace}/secrets`, {
    metadata: { name: "sops-age" },
    stringData: { "age.agekey": ageKey },
  });
  const server = startServer(
    ["kustomize-controller", "--metrics-addr=127.0.0.1:0", "--health-addr=127.0.0.1:0"],
    join(cluster.folder, "kustomize-controller.log"),
    { KUBECONFIG: cluster.admin.kubeconfigPath, RUNTIME_NAMESPACE: fluxNamespace },
  );
  cluster.endFirst(() => server.kill());
  const archives = new Map<string, Buffer>();
  const web = createServer(({ url = "" }, response) => response.end(archives.get(url)));
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  cluster.endFirst(() => new Promise((resolve) => web.close(() => resolve())));

  const sourcePath = `/apis/source.toolkit.fluxcd.io/v1/namespaces/${fluxNamespace}/gitrepositories`;
  await must(cluster, "POST", sourcePath, {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { name: "pull" },
    spec: { interval: "1h", url: "https://git.example/pull" },
  });
  const kustomizationPath = `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${fluxNamespace}/kustomizations`;
  await must(cluster, "POST", kustomizationPath, {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: "pull" },
    spec: {
      interval: "1h",
      retryInterval: "1s",
      prune: true,
      path: "./",
      sourceRef: { kind: "GitRepository", name: "pull" },
      decryption: { provider: "sops", secretRef: { name: "sops-age" } },
    },
  });
  let commits = 0;
  return {
    async apply(folder) {
      commits += 1;
      const archive = await tarOf(folder);
      const path = `/${commits}.tar.gz`;
      archives.set(path, archive);
      const revision = `main@sha1:${createHash("sha1").update(archive).update(`${commits}`).digest("hex")}`;
      const { port } = web.address() as AddressInfo;
      await must(cluster, "PATCH", `${sourcePath}/pull/status`, {
        status: {
          observedGeneration: 1,
          artifact: {
            url: `http://127.0.0.1:${port}${path}`,
            path,
            revision,
            digest: `sha256:${createHash("sha256").update(archive).digest("hex")}`,
            lastUpdateTime: new Date().toISOString(),
            size: archive.length,
          },
          conditions: [
            {
              type: "Ready",
              status: "True",
              reason: "Succeeded",
              message: "",
              lastTransitionTime: new Date().toISOString(),
            },
          ],
        },
      });
      await until(
        `Flux has applied commit ${commits}`,
        async () => {
          const { body } = await cluster.api("GET", `${kustomizationPath}/pull`);
          if (body.status?.lastAppliedRevision === revision) return true;
          throw new Error(JSON.stringify(body.status));
        },
        [server],
      );
    },
  };
}

/** A kind of source that Flux's other controllers would serve. kustomize-controller does not start without them. */
function sourceDefinition(plural: string): Definition {
  const kind = { gitrepositories: "GitRepository", ocirepositories: "OCIRepository", buckets: "Bucket" }[
    plural
  ];
  const group = "source.toolkit.fluxcd.io";
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural },
      scope: "Namespaced",
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: "object", properties: { spec: open, status: open } } },
        },
      ],
    },
  };
}

interface Definition {
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

/** The definitions of a project, which are installed beside its program. */
async function publishedDefinitions(project: "flux" | "sealed-secrets"): Promise<readonly Definition[]> {
  const folder = join(dirname(pathOf("kustomize-controller") ?? ""), "../definitions", project);
  const files = await readdir(folder);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return texts.flatMap((text) => loadAll(text)).filter((one) => one !== null) as Definition[];
}

/** Adds definitions, and waits until the API server serves them. */
async function addDefinitions(cluster: RealCluster, definitions: readonly Definition[]): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  for (const definition of definitions) {
    await must(cluster, "POST", path, definition);
    await until(`${definition.metadata.name} is served`, async () => {
      const { body } = await cluster.api("GET", `${path}/${definition.metadata.name}`);
      const conditions: ReadonlyArray<{ type: string; status: string }> = body.status?.conditions ?? [];
      return conditions.some(({ type, status }) => type === "Established" && status === "True");
    });
  }
}

async function must(cluster: RealCluster, method: string, path: string, object: unknown): Promise<void> {
  const { status, body } = await cluster.api(method, path, object);
  if (status !== 200 && status !== 201)
    throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
}

async function tarOf(folder: string): Promise<Buffer> {
  const { stdout } = await promisify(execFile)("tar", ["-cz", "-C", folder, "."], { encoding: "buffer" });
  return stdout;
}
