import { z } from "zod";
import { faultList } from "./faults.ts";
import { duration, explained } from "./option-schema.ts";

/*
 * The options of a sandbox: those of `startSandbox()`, and the JSON of `--world FILE`. Every option may be left out.
 * A given list replaces the default one.
 */

const name = z.string().min(1);
const guid = z.guid();

/**
 * A role at a scope. The scope is a resource id or a registry's name; if absent, every subscription. A management
 * group of any name contains every subscription.
 */
const grant = z.strictObject({
  role: name.describe("A built-in role by name or GUID."),
  scope: name.optional(),
  condition: name.optional(),
});

const imageName = z
  .string()
  .regex(/^[a-z0-9._/-]+:[\w.-]+$/, { error: "not an image such as repository:tag" });

const platform = z.string().regex(/^[a-z0-9]+\/[a-z0-9]+$/, { error: "not a platform such as linux/amd64" });

/** A name alone is an image for `linux/amd64`. With platforms, it is an index of one image for each. */
const image = z.union([imageName, z.strictObject({ name: imageName, platforms: z.array(platform).min(1) })]);

/** What the registry's resource says about its network. `firewalled` decides whether this machine gets in. */
const network = z.strictObject({
  publicAccess: z.boolean().default(true),
  defaultAction: z.enum(["Allow", "Deny"]).optional(),
  allowedAddresses: z.array(name).default([]),
  privateEndpoints: z.int().min(0).default(0),
});

const registry = z.strictObject({
  name,
  resourceGroup: name.default("sandbox-group"),
  location: name.default("westeurope"),
  sku: z
    .enum(["Basic", "Standard", "Premium"])
    .default("Premium")
    .describe("Only Premium registries have network rules."),
  subscriptionId: guid.optional().describe("Default: the first subscription."),
  mode: z.enum(["legacy", "abac"]).default("legacy"),
  images: z.array(image).default(["my-awesome-app:v1"]),
  firewalled: z
    .boolean()
    .default(false)
    .describe("Its network rules refuse this machine, unless its address is one of those allowed."),
  network: network.prefault({}),
  refusesPasswordGrant: z
    .boolean()
    .default(false)
    .describe("Answers 400 when a token is requested by POST with a password, as containerd does first."),
});

const apiVersion = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(?:-preview)?$/, { error: "not an api-version such as 2023-07-01" });
const apiVersionList = z.array(apiVersion).min(1).exactOptional();

const namespace = z.union([
  name,
  z.strictObject({
    name,
    labels: z.record(z.string(), z.string()).default({}),
    terminating: z.boolean().default(false),
    secretQuota: z.int().min(0).optional().describe("How many secrets it may hold."),
    webhookDenies: z
      .union([
        z.boolean(),
        z.strictObject({
          code: z.int().min(400).max(599).exactOptional(),
          reason: name.exactOptional(),
          retryAfterSeconds: z.int().min(1).exactOptional(),
        }),
      ])
      .default(false)
      .describe("An admission webhook denies every secret in it, with the given code and reason."),
    policyDenies: z
      .enum(["Invalid", "Forbidden", "RequestEntityTooLarge"])
      .exactOptional()
      .describe("A ValidatingAdmissionPolicy denies every secret in it, for this reason."),
  }),
]);

const rule = z.strictObject({
  verbs: z.array(name),
  resources: z.array(name),
  namespaces: z.array(name).exactOptional().describe("Absent: in every namespace and cluster-wide."),
  resourceNames: z.array(name).exactOptional(),
});

const manifest = z.looseObject({
  apiVersion: name,
  kind: z.enum(["Namespace", "Secret", "ServiceAccount", "Pod", "Event", "ConfigMap", "Node"]),
  metadata: z.looseObject({ name, namespace: name.optional() }),
});

const cluster = z.strictObject({
  context: name.describe("The kubeconfig context that names it."),
  namespace: name.optional().describe("The namespace that the context names."),
  namespaces: z.array(namespace).default(["default", "awesomeapps", "kube-system", "kube-public"]),
  kubeSystemUid: guid.optional().describe("UID of its namespace kube-system."),
  rules: z.array(rule).optional().describe("RBAC rules of the context's user; absent: everything."),
  users: z
    .array(z.strictObject({ context: name, namespace: name.optional(), rules: z.array(rule) }))
    .default([])
    .describe("Further users, each with a context of its own."),
  nodes: z
    .array(z.strictObject({ name, os: name.default("linux"), architecture: name.default("amd64") }))
    .default([{ name: "sandbox-node", os: "linux", architecture: "amd64" }])
    .describe("Its nodes and their platforms."),
  clockAheadMs: z
    .int()
    .default(0)
    .describe("How far its clock is ahead of this machine's, in milliseconds; negative if it is behind."),
  objects: z.array(manifest).default([]).describe("Objects that exist from the start, as manifests."),
});

/** A managed cluster of AKS. */
const managedCluster = z.strictObject({
  name,
  /** The context that leads to it. Absent if only Azure shows it. */
  context: name.optional(),
  resourceGroup: name.default("sandbox-group"),
  location: name.default("westeurope"),
  /** Default: the first subscription. */
  subscriptionId: guid.optional(),
  /** Its API server's name resolves only within its network. */
  isPrivate: z.boolean().default(false),
  /** What its nodes sign in to Azure as. */
  nodes: z.enum(["identity", "service-principal"]).default("identity"),
  /** Its pods pull as the identities of their service accounts, and not as the nodes'. Only previews of AKS's API show it. */
  serviceAccountPull: z.boolean().default(false),
  /** The name of an identity that a user made for its nodes, which clusters may share. Default: AKS's own. */
  kubeletIdentity: name.optional(),
  /** The roles of that identity. */
  roles: z.array(grant).default([]),
});

const password = z.strictObject({
  displayName: z.string().nullable().default(null),
  secretText: name.optional(),
  keyId: guid.optional(),
  startDateTime: z.iso.datetime().optional(),
  endDateTime: z.iso.datetime().optional().describe("Default: in a year."),
});

/** A policy's rules for new passwords of applications. A rule that is absent is not part of the policy. */
const passwordRules = {
  maxPasswordLifetime: name
    .nullable()
    .exactOptional()
    .describe("An ISO 8601 duration; null: a rule without a limit."),
  passwordsForbidden: z
    .boolean()
    .exactOptional()
    .describe("False in an application's own policy exempts the application."),
  restrictsAppsCreatedAfter: z.iso
    .datetime()
    .exactOptional()
    .describe("The rules apply only to applications created after this time."),
  excludedActors: z
    .array(name)
    .exactOptional()
    .describe("Callers that the rules do not apply to: object ids, or `caller`."),
};

/**
 * The permissions that change applications:
 * https://learn.microsoft.com/entra/identity/role-based-access-control/custom-available-permissions
 */
const directoryPermission = z.enum([
  "microsoft.directory/applications/create",
  "microsoft.directory/applications/basic/update",
  "microsoft.directory/applications/credentials/update",
  "microsoft.directory/applications/delete",
  "microsoft.directory/servicePrincipals/create",
]);

/** A directory role that no token names: a custom role of the tenant, or one held on a single application. */
const customRole = z.strictObject({
  permissions: z.array(directoryPermission).min(1),
  application: name
    .optional()
    .describe("Display name of the application that it is held on; absent: the whole directory."),
});

/** Whose tokens sign in as an application: https://learn.microsoft.com/graph/api/resources/federatedidentitycredential */
const federatedCredential = z.strictObject({
  name,
  issuer: name,
  subject: name,
  audience: name.default("api://AzureADTokenExchange"),
});

/** A job of a CI service. The caller signs in with the job's tokens, and has no secret. */
const job = z.strictObject({
  runner: z.enum(["github", "azure-pipelines", "gitlab"]),
  issuer: name.exactOptional().describe("Default: the service's own."),
  subject: name.exactOptional(),
  tokenLifetime: duration.default(300_000).describe("0: a token has expired when it arrives."),
});

const application = z.strictObject({
  displayName: name,
  appId: guid.optional(),
  uniqueName: name.optional(),
  tags: z.array(z.string()).default([]),
  passwords: z.array(password).default([]),
  certificates: z.array(name).default([]).describe("Certificates, by display name."),
  federatedCredentials: z.array(federatedCredential).default([]),
  owners: z.array(name).default([]).describe("Object ids, or `caller`."),
  softDeleted: z.boolean().default(false),
  createdDateTime: z.iso
    .datetime()
    .nullable()
    .exactOptional()
    .describe("Default: a year ago; null: no longer known."),
  passwordPolicy: z
    .strictObject({ isEnabled: z.boolean().default(true), ...passwordRules })
    .optional()
    .describe("A policy of its own."),
  disabled: z.boolean().default(false).describe("Its service principal may not sign in."),
  servicePrincipal: z.boolean().default(true).describe("Whether it has a service principal."),
  roles: z.array(grant).default([]),
});

/** A service principal without an application in this tenant. */
const foreignPrincipal = z.strictObject({
  displayName: name,
  kind: z
    .enum(["application", "managed-identity"])
    .describe("`application`: it belongs to an application of another tenant."),
  roles: z.array(grant).default([]),
});

const user = z.strictObject({
  userPrincipalName: name,
  displayName: name,
  directoryRoles: z.array(guid).default([]),
  customRoles: z.array(customRole).default([]),
  roles: z.array(grant).default([]),
  multiFactor: z
    .boolean()
    .default(true)
    .describe(
      "Each sign-in includes multi-factor authentication; false: only one that is asked to. Resource Manager demands it for writes.",
    ),
});

const group = z.strictObject({
  displayName: name,
  members: z
    .array(name)
    .default([])
    .describe("Display names of applications and of groups listed before it, and user principal names."),
  roles: z.array(grant).default([]),
});

const policy = z.strictObject({
  ...passwordRules,
  serviceTreeRequired: z.boolean().exactOptional(),
  membersMayRegisterApplications: z.boolean().exactOptional(),
  conditionalAccessBlocks: z
    .boolean()
    .exactOptional()
    .describe("Conditional Access refuses service principals, also where a registry signs them in."),
  conditionalAccessExcludes: z
    .array(name)
    .exactOptional()
    .describe("Service principals that it does not refuse: object ids, or `caller`."),
  conditionalAccessBlocksRegistries: z
    .boolean()
    .exactOptional()
    .describe("It refuses service principals only where a registry signs them in."),
  multiFactorRequired: z.boolean().exactOptional(),
  readable: z.boolean().exactOptional(),
});

/** The options of a world. `docs/world.schema.json` is generated from them. */
export const worldOptions = z.strictObject({
  port: z.int().min(0).max(65_535).default(0).describe("The port that Azure listens on; 0 picks a free one."),
  latency: duration.default(0).describe("Delay added to each of Azure's answers."),
  replicationLag: duration.default(0).describe("How long Azure's slowest replica takes to learn of a write."),
  replicas: z.int().min(1).default(3).describe("How many replicas of Azure's directory answer reads."),
  replication: z
    .enum(["steady", "random"])
    .default("steady")
    .describe(
      "`steady`: each replica always lags by the same time, and reads reach them in turn; `random`: each learns of each write after a delay of its own, up to the lag, and a read reaches any of them.",
    ),
  clockAheadMs: z
    .int()
    .default(0)
    .describe("How far the clocks of Azure and its registries are ahead of this machine's, in milliseconds."),
  faults: faultList.default([]),
  pageSize: z.int().min(1).optional(),
  registryServer: z.enum(["builtin", "docker-registry"]).default("builtin"),
  seed: name
    .optional()
    .describe("Makes every id, and what random replicas know, the same at every start; absent: random."),
  checkInvariants: z
    .boolean()
    .default(false)
    .describe("Checks after each write that no pull breaks and nothing foreign changes."),
  subscriptions: z
    .array(
      z.strictObject({
        subscriptionId: guid.optional(),
        displayName: name,
        /** Default: this tenant. A subscription of another tenant is delegated to this one's callers. */
        tenantId: guid.optional(),
      }),
    )
    .min(1)
    .default([{ displayName: "Sandbox" }]),
  caller: z
    .strictObject({
      graphPermissions: z.array(name).default(["Application.ReadWrite.OwnedBy"]),
      customRoles: z.array(customRole).default([]),
      roles: z.array(grant).default([{ role: "Owner" }]),
      federatedCredentials: z
        .array(federatedCredential)
        .exactOptional()
        .describe("Default: one for the tokens of the job, if it runs in one."),
    })
    .prefault({})
    .describe("The service principal whose credentials the sandbox hands out."),
  job: job.optional().describe("The CI job that programs in the sandbox run in; absent: none."),
  users: z.array(user).prefault([
    {
      userPrincipalName: "ada@sandbox.example",
      displayName: "Ada",
      // Application Administrator
      directoryRoles: ["9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"],
      roles: [{ role: "Owner" }],
    },
  ]),
  groups: z.array(group).default([]).describe("Members of a group hold its roles."),
  deviceSignIn: z
    .strictObject({
      user: name.exactOptional(),
      pendingPolls: z.int().min(0).exactOptional(),
      declines: z.boolean().exactOptional(),
    })
    .optional()
    .describe("Who answers a sign-in by device code, and how soon."),
  policy: policy.default({}),
  applications: z.array(application).default([]),
  foreignPrincipals: z
    .array(foreignPrincipal)
    .default([])
    .describe("Service principals other than those of `applications`."),
  apiVersions: z
    .strictObject({
      registries: apiVersionList,
      authorization: apiVersionList,
      managedClusters: apiVersionList,
      subscriptions: apiVersionList,
    })
    .default({})
    .describe("The versions of Resource Manager's APIs that the cloud has, if not today's."),
  registries: z.array(registry).prefault([{ name: "myregistry" }, { name: "abacregistry", mode: "abac" }]),
  clusters: z.array(cluster).prefault([{ context: "sandbox" }, { context: "sandbox-staging" }]),
  /** Managed clusters of AKS. Those with a context are among `clusters`. */
  managedClusters: z.array(managedCluster).default([]),
});

/** The options of `startSandbox()`, as a caller writes them. */
export type SandboxOptions = z.input<typeof worldOptions>;

/** The options of `startSandbox()`, validated: durations are in milliseconds, and defaults are filled in. */
export type SandboxSettings = z.output<typeof worldOptions>;

/** Validated options of the parts of a world. */
export type ClusterSettings = z.output<typeof cluster>;
export type ManagedClusterSettings = z.output<typeof managedCluster>;
export type RegistrySettings = z.output<typeof registry>;
export type GroupSettings = z.output<typeof group>;
export type ForeignPrincipalSettings = z.output<typeof foreignPrincipal>;
export type JobSettings = z.output<typeof job>;
export type ApplicationSettings = z.output<typeof application>;
/** A Kubernetes object as a manifest. Fields that the API server fills in may be absent. */
export type Manifest = z.output<typeof manifest>;
export type GrantSettings = z.output<typeof grant>;

/**
 * Reads and validates options.
 * @param origin where they come from, such as a file name, for the message
 * @throws SandboxOptionsError that names every wrong field
 */
export function readSandboxOptions(value: unknown, origin: string): SandboxSettings {
  const result = worldOptions.safeParse(value);
  if (!result.success) throw explained(origin, result.error);
  return result.data;
}
