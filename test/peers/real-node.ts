import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "../../src/sandbox/container-registry/image.ts";
import { succeed } from "./clients.ts";
import { lacks, lacksRoot, pathOf, type Peer } from "./peer.ts";
import { clusterPeers, type RealCluster } from "./real-cluster.ts";
import { freePort, startServer, until } from "./server-process.ts";

const nodePeers: readonly Peer[] = [
  ...clusterPeers,
  "kubelet",
  "containerd",
  "ctr",
  "runc",
  "pause",
  "unshare",
];

/**
 * Whether a real node cannot run here, for `describe.skipIf`: a peer is not installed, or the tests do not run as
 * root.
 * @throws Error for either if TEST_REQUIRE_PEERS is set
 */
export function lacksNode(): boolean {
  return lacks(...nodePeers) || lacksRoot();
}

/** A pod that has to pull an image. */
export interface PullingPod {
  readonly image: string;
  readonly namespace: string;
  /** The pod's own pull secret. Default: those of its service account. */
  readonly secret?: string;
  /** Default: `default` */
  readonly serviceAccount?: string;
}

/** How the kubelet's pull ended. */
export interface PullOutcome {
  readonly pod: string;
  readonly pulled: boolean;
  /** The kubelet's message if the pull failed. */
  readonly message: string;
}

/** A kubelet with containerd, the node `real` of a cluster. */
export interface RealNode {
  /**
   * Binds a new pod to the node, which pulls the image even if it has it already. Waits until the container runs or
   * the pull has failed once.
   */
  pull(pod: PullingPod): Promise<PullOutcome>;
}

const pauseImage = "acr-pull.test/pause:1";
/** Kernel settings that a kubelet changes. On a machine with other work, they must stay as they are. */
const kernelSettings = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

/**
 * Starts a node of a cluster. It ends before the cluster does. Its processes and mounts are in namespaces of their
 * own, and end with them.
 * @param registries hosts, with their port, that images are pulled from
 * @param certificate the authority that the registries are trusted by, PEM
 * @throws Error with the last lines of the node's log, if it does not become ready
 */
export async function startNode(
  cluster: RealCluster,
  { registries, certificate }: { registries: readonly string[]; certificate: string },
): Promise<RealNode> {
  const folder = join(cluster.folder, "node");
  const cgroup = `acr-pull-${randomBytes(6).toString("hex")}`;
  await mkdir(folder);
  const configuration = await configure(folder, { registries, certificate, cgroup });
  const kubelet = [
    "kubelet",
    `--kubeconfig=${cluster.node.kubeconfigPath}`,
    `--config=${configuration.kubelet}`,
    "--hostname-override=real",
    `--root-dir=${join(folder, "kubelet")}`,
    `--cert-dir=${join(folder, "pki")}`,
  ];
  // Kubelet and containerd write to these three folders, whatever their configuration says.
  const script = `
    for own in /run /var/log /var/lib; do mount -t tmpfs none $own; done
    for setting in ${kernelSettings.join(" ")}; do
      copy=${folder}/$(echo $setting | tr / -)
      cat /proc/sys/$setting >$copy
      mount --bind $copy /proc/sys/$setting
    done
    containerd --config ${configuration.containerd} >${folder}/containerd.log 2>&1 &
    until ctr -a ${configuration.socket} version >/dev/null 2>&1; do sleep 0.05; done
    ctr -a ${configuration.socket} -n k8s.io images import --no-unpack ${configuration.pause} >/dev/null
    ${kubelet.join(" ")}`;
  const namespaces = ["unshare", "--fork", "--pid", "--mount", "--mount-proc", "--kill-child=KILL"] as const;
  const server = startServer([...namespaces, "sh", "-euc", script], join(folder, "kubelet.log"));
  cluster.endFirst(async () => {
    await server.kill();
    await removeCgroups(cgroup);
  });
  await until("the node is ready", async () => ready(cluster), [server]);
  let pods = 0;
  return {
    async pull(pod) {
      pods += 1;
      const name = `pull-${pods}`;
      const path = `/api/v1/namespaces/${pod.namespace}/pods`;
      const { status, body } = await cluster.api("POST", path, podOf(name, pod, folder));
      if (status !== 201) throw new Error(`no pod: ${JSON.stringify(body)}`);
      try {
        return await until(
          `${name} has pulled or not`,
          async () => {
            const state = (await cluster.api("GET", `${path}/${name}`)).body.status?.containerStatuses?.[0]
              ?.state;
            return state && outcomeOf(name, state);
          },
          [server],
        );
      } finally {
        await cluster.api("DELETE", `${path}/${name}`, { gracePeriodSeconds: 0 });
      }
    },
  };
}

async function ready(cluster: RealCluster): Promise<boolean> {
  const { body } = await cluster.api("GET", "/api/v1/nodes/real");
  const conditions: ReadonlyArray<{ type: string; status: string }> = body.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** Naming the node needs no scheduler, and the host's network needs no plug-in. */
function podOf(name: string, { image, secret, serviceAccount }: PullingPod, folder: string): unknown {
  return {
    metadata: { name },
    spec: {
      nodeName: "real",
      hostNetwork: true,
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
      ...(secret !== undefined && { imagePullSecrets: [{ name: secret }] }),
      volumes: [{ name: "bin", hostPath: { path: join(folder, "bin") } }],
      containers: [
        {
          name: "app",
          image,
          imagePullPolicy: "Always",
          command: ["/bin/pause"],
          volumeMounts: [{ name: "bin", mountPath: "/bin" }],
        },
      ],
    },
  };
}

interface ContainerState {
  readonly running?: unknown;
  readonly waiting?: { readonly reason: string; readonly message?: string };
}

/** A container that runs has its image. Undefined while it waits for something else. */
function outcomeOf(pod: string, { running, waiting }: ContainerState): PullOutcome | undefined {
  if (running !== undefined) return { pod, pulled: true, message: "" };
  // https://github.com/kubernetes/kubernetes/blob/v1.34.2/pkg/kubelet/images/types.go
  const refused = /^(?:ErrImagePull|ImagePullBackOff)$/.test(waiting?.reason ?? "");
  return refused ? { pod, pulled: false, message: waiting?.message ?? "" } : undefined;
}

interface Configuration {
  readonly kubelet: string;
  readonly containerd: string;
  readonly socket: string;
  /** An archive of the image that holds a pod's namespaces. */
  readonly pause: string;
}

/** Writes the files that kubelet and containerd read, and `bin/pause` for containers. */
async function configure(
  folder: string,
  { registries, certificate, cgroup }: { registries: readonly string[]; certificate: string; cgroup: string },
): Promise<Configuration> {
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const socket = join(folder, "containerd.sock");
  const authority = await file("registries.pem", certificate);
  for (const host of registries) {
    await mkdir(join(folder, "certs.d", host), { recursive: true });
    const server = JSON.stringify(`https://${host}`);
    await file(
      `certs.d/${host}/hosts.toml`,
      `server = ${server}\n[host.${server}]\nca = ${JSON.stringify(authority)}\n`,
    );
  }
  // https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md
  const containerd = `
version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-state"
[grpc]
address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".cni]
conf_dir = "${folder}/cni"
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "${folder}/certs.d"
`;
  // The node needs a network to be ready. Pods on the host's network do not use it.
  await mkdir(join(folder, "cni"));
  await file("cni/loopback.conf", JSON.stringify({ cniVersion: "0.4.0", name: "none", type: "loopback" }));
  // https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
  const kubelet = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${socket}`,
    port: await freePort(),
    healthzPort: 0,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroup}`,
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    makeIPTablesUtilChains: false,
    localStorageCapacityIsolation: false,
    volumePluginDir: join(folder, "plugins"),
    staticPodPath: "",
    resolvConf: "",
    maxPods: 500,
    // No limit on pulls and events.
    serializeImagePulls: false,
    registryPullQPS: 0,
    eventRecordQPS: 0,
    // A full disk must not evict a test's pods.
    evictionHard: { "memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%" },
    imageGCHighThresholdPercent: 100,
  };
  return {
    socket,
    containerd: await file("containerd.toml", containerd),
    kubelet: await file("kubelet.json", JSON.stringify(kubelet)),
    pause: await pauseArchive(folder),
  };
}

/** An image of one program, in the form of `docker save`. */
async function pauseArchive(folder: string): Promise<string> {
  const program = pathOf("pause");
  if (program === undefined) throw new Error("pause is not installed");
  const image = join(folder, "image");
  await mkdir(join(folder, "bin"));
  await mkdir(image);
  await copyFile(program, join(folder, "bin/pause"));
  const tar = (...args: readonly string[]): Promise<string> => succeed("tar", args, {});
  await tar("-C", join(folder, "bin"), "-cf", join(image, "layer.tar"), "pause");
  const diffId = digestOf(await readFile(join(image, "layer.tar")));
  const config = {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Entrypoint: ["/pause"] },
    rootfs: { type: "layers", diff_ids: [diffId] },
  };
  await writeFile(join(image, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: [pauseImage], Layers: ["layer.tar"] }];
  await writeFile(join(image, "manifest.json"), JSON.stringify(manifest));
  await tar("-C", image, "-cf", `${image}.tar`, "config.json", "layer.tar", "manifest.json");
  return `${image}.tar`;
}

/** Removes the containers' control groups, which outlive them, from every hierarchy. */
async function removeCgroups(name: string): Promise<void> {
  const root = "/sys/fs/cgroup";
  const parents = [root, ...(await readdir(root)).map((hierarchy) => join(root, hierarchy))];
  for (const parent of parents) {
    await until(`nothing is left in ${name}`, () => removeTree(join(parent, name)));
  }
}

async function removeTree(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return true;
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  await rmdir(folder);
  return true;
}
