import { z } from "zod";
import { faultList } from "./faults.ts";
import { duration, explained } from "./option-schema.ts";

/*
 * What a sandbox can be started with: the options of `startSandbox()` and the JSON of `--world FILE`. Everything may
 * be left out; a list that is given replaces the default one.
 */

const name = z.string().min(1);
const guid = z.guid();

/**
 * A role at a scope: a resource id, a registry's name, or (absent) every subscription. A management group, by whatever
 * name, holds every subscription.
 */
const grant = z.strictObject({
  /** A built-in role by name or GUID. */
  role: name,
  scope: name.optional(),
  condition: name.optional(),
});

const imageName = z
  .string()
  .regex(/^[a-z0-9._/-]+:[\w.-]+$/, { error: "not an image such as repository:tag" });

const platform = z.string().regex(/^[a-z0-9]+\/[a-z0-9]+$/, { error: "not a platform such as linux/amd64" });

/** By its name, an image for `linux/amd64`; else an index of one for each platform. */
const image = z.union([imageName, z.strictObject({ name: imageName, platforms: z.array(platform).min(1) })]);

/** What its resource says of its network; whether this machine is let in is `firewalled`. */
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
  /** Network rules are of the largest alone. */
  sku: z.enum(["Basic", "Standard", "Premium"]).default("Premium"),
  /** Default: the first subscription. */
  subscriptionId: guid.optional(),
  mode: z.enum(["legacy", "abac"]).default("legacy"),
  images: z.array(image).default(["my-awesome-app:v1"]),
  /** Its network rules refuse this machine, unless its address is one of those allowed. */
  firewalled: z.boolean().default(false),
  network: network.prefault({}),
  /** Anybody may pull without signing in. */
  anonymousPull: z.boolean().default(false),
  /** Answers 400 to a token asked for by POST with a password, as containerd asks first. */
  refusesPasswordGrant: z.boolean().default(false),
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
    /** How many secrets it may hold. */
    secretQuota: z.int().min(0).optional(),
    /** An admission webhook denies every secret in it, with the code and reason that it gives. */
    webhookDenies: z
      .union([
        z.boolean(),
        z.strictObject({
          code: z.int().min(400).max(599).exactOptional(),
          reason: name.exactOptional(),
          retryAfterSeconds: z.int().min(1).exactOptional(),
        }),
      ])
      .default(false),
    /** A ValidatingAdmissionPolicy denies every secret in it, for this reason. */
    policyDenies: z.enum(["Invalid", "Forbidden", "RequestEntityTooLarge"]).exactOptional(),
  }),
]);

const rule = z.strictObject({
  verbs: z.array(name),
  resources: z.array(name),
  /** Absent: in every namespace and cluster-wide. */
  namespaces: z.array(name).exactOptional(),
  resourceNames: z.array(name).exactOptional(),
});

const manifest = z.looseObject({
  apiVersion: name,
  kind: z.enum(["Namespace", "Secret", "ServiceAccount", "Pod", "Event", "ConfigMap", "Node"]),
  metadata: z.looseObject({ name, namespace: name.optional() }),
});

const cluster = z.strictObject({
  /** The kubeconfig context that names it. */
  context: name,
  /** The namespace that the context names. */
  namespace: name.optional(),
  namespaces: z.array(namespace).default(["default", "awesomeapps", "kube-system", "kube-public"]),
  /** UID of its namespace kube-system. */
  kubeSystemUid: guid.optional(),
  /** RBAC rules of the context's user; absent: everything. */
  rules: z.array(rule).optional(),
  /** Further users, each with a context of its own. */
  users: z
    .array(z.strictObject({ context: name, namespace: name.optional(), rules: z.array(rule) }))
    .default([]),
  /** What its nodes are. */
  nodes: z
    .array(z.strictObject({ name, os: name.default("linux"), architecture: name.default("amd64") }))
    .default([{ name: "sandbox-node", os: "linux", architecture: "amd64" }]),
  /** How far its clock is ahead of this machine's, in milliseconds; behind it where it is negative. */
  clockAheadMs: z.int().default(0),
  /** Objects that exist beforehand, as manifests. */
  objects: z.array(manifest).default([]),
});

const password = z.strictObject({
  displayName: z.string().nullable().default(null),
  secretText: name.optional(),
  keyId: guid.optional(),
  startDateTime: z.iso.datetime().optional(),
  /** Default: in a year. */
  endDateTime: z.iso.datetime().optional(),
});

/** What a policy says of new passwords of applications; what it leaves out it does not rule. */
const passwordRules = {
  /** An ISO 8601 duration; null: ruled, and without limit. */
  maxPasswordLifetime: name.nullable().exactOptional(),
  /** False in a policy of an application is its exemption. */
  passwordsForbidden: z.boolean().exactOptional(),
  /** Only applications made after it are concerned. */
  restrictsAppsCreatedAfter: z.iso.datetime().exactOptional(),
  /** Callers whom the rules leave alone: object ids, or `caller`. */
  excludedActors: z.array(name).exactOptional(),
};

/** Applications are changed by these: https://learn.microsoft.com/entra/identity/role-based-access-control/custom-available-permissions */
const directoryPermission = z.enum([
  "microsoft.directory/applications/create",
  "microsoft.directory/applications/basic/update",
  "microsoft.directory/applications/credentials/update",
  "microsoft.directory/applications/delete",
  "microsoft.directory/servicePrincipals/create",
]);

/** A directory role that no token names: one of the tenant's own making, or one held on a single application. */
const customRole = z.strictObject({
  permissions: z.array(directoryPermission).min(1),
  /** Display name of the application it is held on; absent: the whole directory. */
  application: name.optional(),
});

/** Whose tokens sign in as an application: https://learn.microsoft.com/graph/api/resources/federatedidentitycredential */
const federatedCredential = z.strictObject({
  name,
  issuer: name,
  subject: name,
  audience: name.default("api://AzureADTokenExchange"),
});

/** A job of a CI service: the caller signs in by its tokens, and has no secret. */
const job = z.strictObject({
  runner: z.enum(["github", "azure-pipelines", "gitlab"]),
  /** Default: as the service has it. */
  issuer: name.exactOptional(),
  subject: name.exactOptional(),
  /** 0: a token has ended when it arrives. */
  tokenLifetime: duration.default(300_000),
});

const application = z.strictObject({
  displayName: name,
  appId: guid.optional(),
  uniqueName: name.optional(),
  tags: z.array(z.string()).default([]),
  passwords: z.array(password).default([]),
  /** Certificates, by display name. */
  certificates: z.array(name).default([]),
  federatedCredentials: z.array(federatedCredential).default([]),
  /** Object ids, or `caller`. */
  owners: z.array(name).default([]),
  softDeleted: z.boolean().default(false),
  /** Default: a year ago; null: not known any more. */
  createdDateTime: z.iso.datetime().nullable().exactOptional(),
  /** A policy of its own. */
  passwordPolicy: z.strictObject({ isEnabled: z.boolean().default(true), ...passwordRules }).optional(),
  /** Its service principal may not sign in. */
  disabled: z.boolean().default(false),
  /** Whether it has a service principal. */
  servicePrincipal: z.boolean().default(true),
  roles: z.array(grant).default([]),
});

/** A service principal without an application in this tenant. */
const foreignPrincipal = z.strictObject({
  displayName: name,
  /** `application`: of another tenant's application. */
  kind: z.enum(["application", "managed-identity"]),
  roles: z.array(grant).default([]),
});

const user = z.strictObject({
  userPrincipalName: name,
  displayName: name,
  directoryRoles: z.array(guid).default([]),
  customRoles: z.array(customRole).default([]),
  roles: z.array(grant).default([]),
});

const group = z.strictObject({
  displayName: name,
  /** Display names of applications and of groups that stand before it, and user principal names. */
  members: z.array(name).default([]),
  roles: z.array(grant).default([]),
});

const policy = z.strictObject({
  ...passwordRules,
  serviceTreeRequired: z.boolean().exactOptional(),
  membersMayRegisterApplications: z.boolean().exactOptional(),
  conditionalAccessBlocks: z.boolean().exactOptional(),
  multiFactorRequired: z.boolean().exactOptional(),
  readable: z.boolean().exactOptional(),
});

const options = z.strictObject({
  /** Where Azure listens; 0 is a free port. */
  port: z.int().min(0).max(65_535).default(0),
  /** Added to each of Azure's answers. */
  latency: duration.default(0),
  /** How long Azure's slowest replica takes to learn of a write. */
  replicationLag: duration.default(0),
  /** How many replicas of Azure's directory there are to be read from. */
  replicas: z.int().min(1).default(3),
  /**
   * `steady`: each replica is always as far behind, and reads meet them in turn; `random`: each learns of each write
   * after a delay of its own, up to the lag, and a read meets any of them.
   */
  replication: z.enum(["steady", "random"]).default("steady"),
  /** How far the clocks of Azure and its registries are ahead of this machine's, in milliseconds. */
  clockAheadMs: z.int().default(0),
  faults: faultList.default([]),
  pageSize: z.int().min(1).optional(),
  registryServer: z.enum(["builtin", "docker-registry"]).default("builtin"),
  /** Makes every id, and what random replicas know, the same from start to start; absent: random ones. */
  seed: name.optional(),
  /** Watches after each write that no pull breaks and nothing foreign changes. */
  checkInvariants: z.boolean().default(false),
  subscriptions: z
    .array(z.strictObject({ subscriptionId: guid.optional(), displayName: name }))
    .min(1)
    .default([{ displayName: "Sandbox" }]),
  /** The service principal whose credentials are handed out. */
  caller: z
    .strictObject({
      graphPermissions: z.array(name).default(["Application.ReadWrite.OwnedBy"]),
      customRoles: z.array(customRole).default([]),
      roles: z.array(grant).default([{ role: "Owner" }]),
      /** Default: one for the tokens of the job, if it runs in one. */
      federatedCredentials: z.array(federatedCredential).exactOptional(),
    })
    .prefault({}),
  /** The CI job that programs in the sandbox run in; absent: none. */
  job: job.optional(),
  users: z.array(user).prefault([
    {
      userPrincipalName: "ada@sandbox.example",
      displayName: "Ada",
      // Application Administrator
      directoryRoles: ["9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"],
      roles: [{ role: "Owner" }],
    },
  ]),
  /** Who is a member of one holds its roles. */
  groups: z.array(group).default([]),
  /** Who answers a sign-in by device code, and how soon. */
  deviceSignIn: z
    .strictObject({
      user: name.exactOptional(),
      pendingPolls: z.int().min(0).exactOptional(),
      declines: z.boolean().exactOptional(),
    })
    .optional(),
  policy: policy.default({}),
  applications: z.array(application).default([]),
  /** Service principals besides those of `applications`. */
  foreignPrincipals: z.array(foreignPrincipal).default([]),
  /** The versions of Resource Manager's APIs that there are, where the cloud does not have today's. */
  apiVersions: z
    .strictObject({
      registries: apiVersionList,
      authorization: apiVersionList,
      subscriptions: apiVersionList,
    })
    .default({}),
  registries: z.array(registry).prefault([{ name: "myregistry" }, { name: "abacregistry", mode: "abac" }]),
  clusters: z.array(cluster).prefault([{ context: "sandbox" }, { context: "sandbox-staging" }]),
});

/** The options of `startSandbox()`, as they are written down. */
export type SandboxOptions = z.input<typeof options>;

/** The options of `startSandbox()`, read: durations are milliseconds, defaults are filled in. */
export type SandboxSettings = z.output<typeof options>;

/** Options of one cluster, registry and application, read. */
export type ClusterSettings = z.output<typeof cluster>;
export type RegistrySettings = z.output<typeof registry>;
export type GroupSettings = z.output<typeof group>;
export type ForeignPrincipalSettings = z.output<typeof foreignPrincipal>;
export type JobSettings = z.output<typeof job>;
export type ApplicationSettings = z.output<typeof application>;
/** A Kubernetes object as a manifest: what the API server fills in may be absent. */
export type Manifest = z.output<typeof manifest>;
export type GrantSettings = z.output<typeof grant>;

/**
 * Reads options.
 * @param origin where they come from, for the message: a file name
 * @throws SandboxOptionsError that names every wrong field
 */
export function readSandboxOptions(value: unknown, origin: string): SandboxSettings {
  const result = options.safeParse(value);
  if (!result.success) throw explained(origin, result.error);
  return result.data;
}
