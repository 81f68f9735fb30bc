import { randomUUID } from "node:crypto";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { createIdSource } from "../../src/sandbox/new-id.ts";
import { assign } from "../../src/sandbox/new-role-assignment.ts";
import { repositoryCondition, rolesFor } from "../../src/domain/role.ts";
import type {
  ApplicationRecord,
  GroupRecord,
  KubernetesObject,
  RegistryRecord,
  ServicePrincipalRecord,
} from "../../src/sandbox/world.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { runSafely } from "../canary.ts";
import { secretOf, type ResultDocument, type Run, type RunOptions } from "../program.ts";
import { setUp, type SetUp, type SetUpWish } from "./already-set-up.ts";
import { ownApplication } from "./rotation.ts";

/** A world in which `setup` was run for myregistry and awesomeapps, ready to be broken. */
export interface SetUpWorld extends SetUp {
  readonly sandbox: Sandbox;
  readonly registry: RegistryRecord;
  readonly loginServer: string;
  readonly application: ApplicationRecord;
  readonly principal: ServicePrincipalRecord;
}

/** Starts such a world. Breaking it is bound to break pulls, so the invariants are not checked. */
export async function setUpWorld(options: SandboxOptions = {}, wish: SetUpWish = {}): Promise<SetUpWorld> {
  const sandbox = await startSandbox(options);
  const made = setUp(sandbox, wish);
  const [registry] = sandbox.world.registries;
  const application = ownApplication(sandbox);
  const principal = sandbox.world.servicePrincipals.find(({ appId }) => appId === made.appId);
  if (!registry || !principal) throw new Error("a world that is set up has a registry and a principal");
  return { ...made, sandbox, registry, loginServer: registry.loginServer, application, principal };
}

/** `verify` of awesomeapps as JSON, unless the arguments choose other namespaces, and with no secret in its output. */
export function verify(
  sandbox: Sandbox,
  args: readonly string[] = [],
  options: RunOptions & { readonly secrets?: readonly string[] } = {},
): Promise<Run> {
  const where = args.includes("-n") || args.includes("--namespace-selector") ? [] : ["-n", "awesomeapps"];
  return runSafely(sandbox, ["verify", ...where, "-o", "json", ...args], options);
}

/** The checks of a run with this status. */
export function checksOf(run: Run, status: string): ResultDocument[] {
  return run.json.checks.filter((check: ResultDocument) => check.status === status);
}

/** The ids of the checks of a run with this status. */
export function idsOf(run: Run, status: string): string[] {
  return checksOf(run, status).map(({ id }) => id);
}

/** The secret of a world, to be changed behind the API server's back. */
export function theSecret({ sandbox }: Pick<SetUpWorld, "sandbox">): KubernetesObject {
  const secret = secretOf(sandbox);
  if (!secret) throw new Error("there is no secret");
  return secret;
}

/** Makes the secret hold something else: plain text, or entries. */
export function putContent(world: SetUpWorld, content: string | Readonly<Record<string, unknown>>): void {
  const text = typeof content === "string" ? content : JSON.stringify({ auths: content });
  theSecret(world)["data"] = { ".dockerconfigjson": Buffer.from(text).toString("base64") };
}

/** The content of an entry. */
export function entry(username: string, password: string) {
  return { username, password, auth: Buffer.from(`${username}:${password}`).toString("base64") };
}

/** The entry as it should be, with the application's newest password unless another is given. */
export function rightEntry({ appId, application }: SetUpWorld, password?: string) {
  return entry(appId, password ?? application.passwords.at(-1)?.secretText ?? "");
}

/** Removes our marks and labels, as if kubectl had made the secret. */
export function madeByHand(world: SetUpWorld): void {
  const { metadata } = theSecret(world);
  delete metadata.labels;
  delete metadata.annotations;
}

/** Removes the principal's roles, and assigns these instead. */
export function regrant(
  { sandbox: { world }, principal }: SetUpWorld,
  ...roles: ReadonlyArray<{ readonly role: string; readonly condition?: string; readonly scope?: string }>
): void {
  for (const assignment of world.roleAssignments) {
    if (assignment.principalId === principal.id) assignment.removedAt = Date.now();
  }
  for (const role of roles) {
    assign(
      world,
      { scope: "myregistry", ...role },
      { id: principal.id, type: "ServicePrincipal" },
      createIdSource(undefined),
    );
  }
}

/** Makes the principal a member of a group within a group, which holds a role. Returns the group that holds it. */
export function joinGroup(
  { sandbox: { world }, principal }: SetUpWorld,
  role: { readonly role: string; readonly scope?: string; readonly condition?: string },
): GroupRecord {
  const inner = { id: randomUUID(), displayName: "cluster", members: [principal.id] };
  const outer = { id: randomUUID(), displayName: "clusters", members: [inner.id] };
  world.groups.push(inner, outer);
  assign(world, role, { id: outer.id, type: "Group" }, createIdSource(undefined));
  return outer;
}

/** Puts the registry into ABAC mode, with a role that is limited to these repositories. */
export function limitTo(world: SetUpWorld, ...repositories: readonly string[]): void {
  world.registry.roleAssignmentMode = "AbacRepositoryPermissions";
  const [reader] = rolesFor("acrpull", "AbacRepositoryPermissions");
  if (!reader) throw new Error("there is a role that reads");
  const condition = repositoryCondition(reader, repositories);
  regrant(world, { role: reader.name, ...(condition !== undefined && { condition }) });
}

/** How a Pod pulls. */
interface PodWish {
  readonly name?: string;
  readonly image?: string;
  readonly imagePullSecrets?: readonly string[];
  /** Why it does not run; null if it does. */
  readonly waiting?: string | null;
  /** Which of the Pod's containers waits. */
  readonly kind?: "container" | "initContainer" | "ephemeralContainer";
  readonly phase?: string;
  /** What the kubelet says about the pull. */
  readonly said?: string;
}

/** Adds a Pod to awesomeapps, as the kubelet leaves it. By default, it waits for an image. */
export function addWaitingPod(
  { sandbox, loginServer }: Pick<SetUpWorld, "sandbox" | "loginServer">,
  {
    name = "app",
    image = `${loginServer}/my-awesome-app:v1`,
    imagePullSecrets = ["acr-secret"],
    waiting = "ImagePullBackOff",
    kind = "container",
    phase = waiting === null ? "Running" : "Pending",
    said = `Failed to pull image "${image}": failed to fetch oauth token: 401 Unauthorized`,
  }: PodWish = {},
): void {
  const message = `Back-off pulling image "${image}"`;
  sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "awesomeapps" },
    spec: {
      serviceAccountName: "default",
      nodeName: "sandbox-node",
      containers: [{ name: "other", image: "ghcr.io/somebody/other:v1" }],
      [`${kind}s`]: [{ name: "main", image }],
      ...(imagePullSecrets.length > 0 && {
        imagePullSecrets: imagePullSecrets.map((secret) => ({ name: secret })),
      }),
    },
    status: {
      phase,
      [`${kind}Statuses`]: [
        {
          name: "main",
          image,
          ready: waiting === null,
          state: waiting === null ? { running: {} } : { waiting: { reason: waiting, message } },
        },
      ],
    },
  });
  if (waiting === null) return;
  sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.1`, namespace: "awesomeapps" },
    involvedObject: { kind: "Pod", namespace: "awesomeapps", name },
    reason: "Failed",
    type: "Warning",
    message: said,
    count: 3,
    lastTimestamp: "2026-01-01T10:00:00Z",
  });
  sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.2`, namespace: "awesomeapps" },
    involvedObject: { kind: "Pod", namespace: "awesomeapps", name },
    reason: "Failed",
    type: "Warning",
    message: "Error: ImagePullBackOff",
    lastTimestamp: "2026-01-01T10:01:00Z",
  });
}

/** Links the service account default to pull secrets. */
export function linkAccount({ sandbox }: Pick<SetUpWorld, "sandbox">, ...secrets: readonly string[]): void {
  const account = sandbox.world.clusters[0]?.objects["serviceaccounts"]?.find(
    ({ metadata }) => metadata.namespace === "awesomeapps" && metadata.name === "default",
  );
  if (!account) throw new Error("every namespace has the account default");
  account["imagePullSecrets"] = secrets.map((name) => ({ name }));
}
