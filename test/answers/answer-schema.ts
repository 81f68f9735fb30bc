import { z } from "zod";

/*
 * The schema of every answer that `-o json` prints. docs/answer.schema.json is generated from it, and every answer
 * that a test reads is checked against it. Answers may gain keys, so a reader ignores keys that it does not know. The
 * program itself prints no key that is missing here.
 */

const time = z.string().describe("RFC 3339, UTC");
const nullable = <T extends z.ZodType>(type: T) => type.nullable();
const action = z
  .enum(["created", "reused", "copied", "updated", "unchanged", "removed", "kept", "failed", "skipped"])
  .describe("what was done, or with --dry-run would be");
const reason = z.strictObject({ code: z.string(), message: z.string(), hint: z.string().optional() });

const failure = z
  .strictObject({
    code: z.string().describe("stable; docs/errors.md explains each"),
    message: z.string(),
    hint: nullable(z.string()),
    retryable: z.boolean().describe("whether the same command may succeed later"),
  })
  .describe("why it is not wholly done");

const plan = z
  .array(z.strictObject({ target: z.string(), action, before: z.unknown(), after: z.unknown() }))
  .describe("with --dry-run, or when the plan was not agreed to: what would be done");
const warnings = z.array(z.string()).describe("what to know before agreeing to the plan");

const registry = z.strictObject({
  id: nullable(z.string()).describe("resource id; null without Azure"),
  name: z.string(),
  loginServer: z.string(),
  roleAssignmentMode: nullable(z.enum(["LegacyRegistryPermissions", "AbacRepositoryPermissions"])),
});

const secret = z.strictObject({
  context: z.string(),
  namespace: z.string(),
  name: z.string(),
  action,
  error: reason.optional(),
});

const manifest = z
  .string()
  .optional()
  .describe("with --manifest: the file or folder that the secrets are written to, instead of to the cluster");

const setup = z.strictObject({
  registry,
  manifest,
  servicePrincipals: z.array(
    z.strictObject({
      context: z.string(),
      clusterId: z.string(),
      appId: z.string(),
      objectId: nullable(z.string()),
      displayName: nullable(z.string()),
      action,
    }),
  ),
  roleAssignments: z.array(
    z.strictObject({
      context: z.string(),
      id: z.string(),
      requestedRole: z.enum(["acrpull", "acrpush", "owner"]),
      role: z.string(),
      condition: nullable(z.string()),
      scope: z.string(),
      action,
    }),
  ),
  extraRoles: z
    .array(z.strictObject({ id: z.string(), role: z.string(), scope: z.string() }))
    .describe("what the principal holds on the registry and acr-pull did not assign"),
  credentials: z.array(
    z.strictObject({
      context: z.string(),
      clusterId: z.string(),
      appId: z.string(),
      keyId: nullable(z.string()).describe(
        "null where the password was given by hand and its id is not known",
      ),
      createdAt: nullable(time),
      expiresAt: nullable(time),
      action,
    }),
  ),
  namespaces: z
    .array(z.strictObject({ context: z.string(), namespace: z.string(), action }))
    .describe("those that were created"),
  secrets: z.array(secret),
  serviceAccounts: z.array(secret),
  attachments: z
    .array(
      z.strictObject({
        context: z.string(),
        managedCluster: z.string().describe("its resource id"),
        kubeletIdentity: z.strictObject({
          objectId: z.string(),
          clientId: z.string(),
          resourceId: z.string(),
        }),
        action,
      }),
    )
    .optional()
    .describe("with --attach: the AKS clusters whose nodes were granted the role"),
  verification: z.strictObject({
    status: z.enum(["passed", "failed", "skipped"]),
    reason: z
      .string()
      .optional()
      .describe(
        "why it is skipped; not-reached: the run ended before it tried a pull; role-read-back: only a node of AKS could try one; sealed: the password is in sealed documents alone",
      ),
    checks: z.array(
      z.strictObject({
        id: z.string(),
        status: z.enum(["pass", "warn", "fail", "skip"]),
        message: z.string(),
      }),
    ),
  }),
  renewalDue: z
    .boolean()
    .describe(
      "from 30 days before the end; for a key that lives less than 60 days, in the last third of its life",
    ),
  keptKeys: z
    .array(z.strictObject({ appId: z.string(), keyId: z.string(), reason: z.string() }))
    .describe("keys that acr-pull made, and that nothing it looked at holds any more"),
});

const evidence = z
  .enum(["refused", "unlisted", "untried"])
  .describe(
    "how it is known that a key is gone. refused: its password was tried. unlisted: no secret held it any more, and the directory lists the key no longer. untried: it was removed, and nothing was tried",
  );

const rotate = z.strictObject({
  manifest,
  rotations: z.array(
    z.strictObject({
      context: z.string(),
      clusterId: z.string(),
      registry: z.string().describe("resource id; the login server where it was set up without Azure"),
      loginServer: z.string(),
      appId: z.string(),
      keyId: nullable(z.string()).describe("the key in use now"),
      expiresAt: nullable(time),
      state: z
        .enum(["unchanged", "pending", "rotated", "failed"])
        .describe(
          "unchanged: nothing was due. pending: the new key is in use, and the old one is valid until retireAfter. rotated: the old key is gone.",
        ),
      replaced: nullable(z.string()).describe("the key before it"),
      retireAfter: nullable(time),
      retired: z.boolean().describe("whether the replaced key is gone"),
      retirement: evidence.optional(),
      retireBlocked: z
        .enum([
          "cannot-see-all-namespaces",
          "still-held",
          "key-not-ours",
          "key-unknown",
          "not-yet-refused",
          "not-applied",
        ])
        .optional()
        .describe("why the old key lives on although its time is over, or will"),
    }),
  ),
  secrets: z.array(secret),
  sweptKeys: z
    .array(z.strictObject({ appId: z.string(), keyId: z.string() }))
    .describe("keys that an earlier run left and this one removed"),
  unwrittenKeys: z
    .array(z.strictObject({ appId: z.string(), keyId: z.string(), expiresAt: time }))
    .describe("keys that this run made and, as far as it knows, wrote to no secret before it ended"),
});

const verify = z.strictObject({
  checks: z.array(
    z.strictObject({
      id: z.string(),
      target: z.strictObject({
        context: z.string(),
        namespace: z.string().optional(),
        secret: z.string().optional(),
        host: z.string().optional(),
        pod: z.string().optional(),
      }),
      status: z.enum(["pass", "warn", "fail", "skip"]),
      message: z.string(),
      fix: z.string().optional(),
    }),
  ),
});

const place = { context: z.string(), clusterId: z.string() };

const pendingWork = { ...place, loginServer: z.string(), secrets: z.array(z.string()), overdue: z.boolean() };

const status = z.strictObject({
  entries: z.array(
    z.strictObject({
      ...place,
      namespace: z.string(),
      name: z.string(),
      loginServer: nullable(z.string()).describe("null, as registry is, where the marks cannot be read"),
      registry: nullable(z.string()),
      appId: nullable(z.string()),
      keyId: nullable(z.string()),
      createdAt: nullable(time),
      expiresAt: nullable(time),
      daysLeft: nullable(z.int()).describe("rounded down; negative when it is over"),
      state: z.enum(["ok", "expiring", "expired", "stale-key", "foreign-change", "pending"]),
      reason: z.string().optional(),
      cause: z
        .enum(["key-replaced", "key-removed", "application-gone", "principal-gone", "principal-disabled"])
        .optional()
        .describe("of a stale-key"),
      appliedBy: z
        .string()
        .optional()
        .describe("the controller that applies the secret's document, such as one that --manifest wrote"),
    }),
  ),
  orphans: nullable(
    z.array(
      z.strictObject({
        ...place,
        appId: z.string(),
        keyId: z.string(),
        createdAt: nullable(time),
        expiresAt: nullable(time),
      }),
    ),
  ).describe("keys that acr-pull made and no mark names; null where that cannot be known"),
  orphansUnknown: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  attachments: z
    .array(
      z.strictObject({
        context: z.string(),
        managedCluster: z.string().describe("its resource id"),
        kubeletIdentity: z.string().describe("the object id of its nodes' identity"),
        registry: z.string().describe("resource id"),
        role: z.string(),
        roleAssignment: z.string().describe("its resource id"),
        state: z.enum(["ok", "wrong-mode", "unused", "unknown"]),
        reason: z.string().optional(),
      }),
    )
    .optional()
    .describe("what setup --attach granted the nodes of the chosen AKS clusters; absent where none is AKS"),
  attachmentsUnknown: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  brokenLinks: z
    .array(
      z.strictObject({ ...place, namespace: z.string(), serviceAccount: z.string(), secret: z.string() }),
    )
    .describe("service accounts that name a secret which is gone"),
  pending: z
    .array(
      z.discriminatedUnion("kind", [
        z.strictObject({
          ...pendingWork,
          kind: z.literal("retirement"),
          appId: nullable(z.string()),
          keyId: nullable(z.string()),
          retireAfter: time,
          due: z.boolean(),
        }),
        z.strictObject({
          ...pendingWork,
          kind: z.literal("run"),
          operation: z.string(),
          renewedAt: time,
          live: z.boolean(),
          removes: z.boolean(),
        }),
      ]),
    )
    .describe("what a later run has to finish"),
  scopes: z
    .array(z.strictObject({ ...place, whole: z.boolean(), namespaces: z.array(z.string()) }))
    .describe("where it looked"),
  unseen: z
    .array(
      z.strictObject({
        context: z.string(),
        namespace: nullable(z.string()),
        error: z.strictObject({ code: z.string(), message: z.string() }),
      }),
    )
    .describe("where it could not look"),
  missing: z
    .array(
      z.strictObject({
        kind: z.enum(["namespace", "registry", "secret"]),
        name: z.string(),
        message: z.string(),
        didYouMean: z.string().optional(),
      }),
    )
    .describe("names that were asked for and that no entry is found by"),
  warnings: z.array(z.strictObject({ code: z.string(), appId: z.string(), message: z.string() })),
});

const remove = z.strictObject({
  removed: z.array(
    z.strictObject({
      kind: z.enum([
        "service-account",
        "secret",
        "key",
        "role-assignment",
        "service-principal",
        "application",
      ]),
      id: z.string(),
      context: z.string().optional(),
      namespace: z.string().optional(),
      action: action.describe("updated: it stays, without what was acr-pull's in it"),
      reason: z
        .enum([
          "holds-other-entries",
          "not-made-by-acr-pull",
          "holds-other-credential",
          "being-deleted",
          "unfinished",
          "linked-by-others",
          "of-another-cluster",
          "still-held",
          "not-ours",
          "unnamed",
          "has-unnamed-key",
          "principal-gone",
          "used-by-other-clusters",
          "identity-shared",
          "clusters-not-seen",
          "shared",
          "has-other-credentials",
          "not-seen",
          "has-other-roles",
        ])
        .optional()
        .describe("why it stays"),
      evidence: z.union([evidence, z.literal("not-yet-refused")]).optional(),
      heldBy: z.array(z.string()).optional(),
      error: reason.optional(),
    }),
  ),
});

/** The documents of a command: with its result, with a plan, or with neither if the command failed before. */
function answersOf(command: string, result: z.ZodObject, planned: Record<string, z.ZodType> | undefined) {
  const head = {
    schemaVersion: z.literal(1),
    command: z.literal(command),
    ok: z.boolean(),
    exitCode: z.int(),
  };
  const end = { error: failure.optional() };
  return [
    z.strictObject({ ...head, ...result.shape, ...end }).describe(`the result of ${command}`),
    ...(planned
      ? [z.strictObject({ ...head, ...planned, plan, warnings, ...end }).describe(`a plan of ${command}`)]
      : []),
    z.strictObject({ ...head, ...end, error: failure }).describe(`${command} failed, and made nothing`),
  ];
}

/** Every document that the program writes to stdout with `-o json`. */
export const answer = z
  .union([
    ...answersOf("setup", setup, { registry, manifest }),
    ...answersOf("rotate", rotate, {}),
    ...answersOf("verify", verify, undefined),
    ...answersOf("status", status, {}),
    ...answersOf("remove", remove, {}),
    z
      .strictObject({
        schemaVersion: z.literal(1),
        command: nullable(z.string()),
        ok: z.literal(false),
        exitCode: z.int(),
        error: failure,
      })
      .describe("the command line was not understood"),
  ])
  .describe("An answer of acr-pull");

/** What is wrong with an answer according to the published schema. Undefined if nothing is. */
export function wrongWith(document: unknown): string | undefined {
  const read = answer.safeParse(document);
  if (read.success) return undefined;
  const { command } = document as { readonly command?: unknown };
  const own = answer.options
    .filter((one) => {
      const { command: name } = one.shape as { readonly command: z.ZodType };
      return name.safeParse(command).success;
    })
    .map((one) => one.safeParse(document).error)
    .flatMap((error) => (error ? [z.prettifyError(error)] : []));
  return own.join("\n--- or\n");
}
