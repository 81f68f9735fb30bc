import {
  dockerConfigKey,
  dockerConfigType,
  emptyDockerConfig,
  type DockerConfig,
} from "../../domain/docker-config.ts";
import { ActionableError, refused } from "../../domain/errors.ts";
import { heldText } from "../../domain/held-text.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { hasForgottenWriters } from "../../domain/other-writers.ts";
import { insteadOfReconciled } from "../../domain/reconciler.ts";
import { managedByLabel, managedLabel, type EntryMarks } from "../../domain/ownership.ts";
import {
  embedded,
  entryFor,
  marksMalformed,
  type PullSecret,
  type PullSecretEntry,
  type SecretTrouble,
} from "../../domain/pull-secret.ts";
import { namespaceNotFound } from "../cluster/missing-namespaces.ts";
import type { Target, TargetContent } from "../cluster/read-targets.ts";

/**
 * `context/namespace/name`, as plans and errors name a target; for a manifest, the manifest's name instead of the
 * context.
 */
export function targetName({ cluster, namespace, name }: Target): string {
  if (cluster.manifest) return `${namespace}/${name} in ${cluster.manifest.name}`;
  return `${inOneLine(cluster.context)}/${namespace}/${name}`;
}

/** Whether both are the same secret, within one cluster. */
export function isSameTarget(
  one: Pick<Target, "namespace" | "name">,
  other: Pick<Target, "namespace" | "name">,
): boolean {
  return one.namespace === other.namespace && one.name === other.name;
}

/** A target that may be written, with what it holds for the login server. */
export type TargetState = AbsentTarget | PresentTarget;

interface AbsentTarget {
  readonly kind: "absent";
  readonly createNamespace: boolean;
}

/** A target that exists. */
export interface PresentTarget extends PullSecretEntry {
  readonly kind: "present";
  readonly secret: PullSecret;
  readonly config: DockerConfig;
  readonly marks: EntryMarks;
  /** Whether nobody here can read what it holds: a sealed document that was not applied yet. Then `config` is empty. */
  readonly sealed: boolean;
}

/** What may be done to targets that are not ours yet. */
export interface TargetPolicy {
  readonly loginServer: string;
  readonly adopt: boolean;
  readonly createNamespace: boolean;
}

/**
 * Judges what a target holds.
 * @throws ActionableError with exit 2 for what can never work: `secret.not-ours`, `secret.reconciled`,
 *   `secret.wrong-type`, `secret.malformed`, `secret.marks-malformed`, `secret.immutable`,
 *   `kubernetes.namespace-not-found`; and `kubernetes.terminating`, which leaves the target out
 */
export function judgeTarget(target: Target, content: TargetContent, policy: TargetPolicy): TargetState {
  const { secret, namespace } = content;
  const name = targetName(target);
  if (!secret) return judgeNamespace(target, namespace, policy);
  const { marks } = secret;
  const sealed = secret.config === undefined && marks[policy.loginServer] !== undefined;
  const trouble = secret.troubles.find(({ kind }) => !(sealed && kind === "sealed"));
  if (trouble) throw refusalFor(target, secret, trouble);
  const config = sealed ? emptyDockerConfig : secret.config;
  if (!config) throw new TypeError("a secret in no trouble can be read");
  const { loginServer } = policy;
  const entry = entryFor(secret, loginServer);
  const { mark, credential } = entry;
  const managed = Object.keys(marks).length > 0 || isEmptyAndLabelled(secret, config);
  if (!policy.adopt && mark === undefined && (!managed || credential)) {
    const holds = `holds a credential for ${loginServer}`;
    const stranger = `Secret ${name} exists and acr-pull did not write it: ${describeOwner(secret)}`;
    const said = managed
      ? `Secret ${name} already ${holds} that acr-pull did not write`
      : `${stranger}${credential ? `; it ${holds}` : ""}`;
    const adopting = credential ? "replace that credential" : "add the entry";
    throw refused(
      "secret.not-ours",
      `${said}.`,
      `Run again with --adopt to ${adopting} and leave everything else in it alone, or choose another name with --secret-name.`,
    );
  }
  return { kind: "present", secret, config, marks, sealed, ...entry };
}

/** Why a secret can never be written. */
function refusalFor(target: Target, secret: PullSecret, trouble: SecretTrouble): ActionableError {
  const name = targetName(target);
  switch (trouble.kind) {
    case "reconciled":
      return refused(
        "secret.reconciled",
        `Secret ${name} is written by ${inOneLine(trouble.by)}, which would undo any change made here.`,
        insteadOfReconciled,
      );
    case "wrong-type":
      return refused(
        "secret.wrong-type",
        `Secret ${name} has the type ${inOneLine(secret.type)}; a pull secret has the type ${dockerConfigType}, and a type cannot be changed.`,
        "Choose another name with --secret-name.",
      );
    case "immutable":
      return refused(
        "secret.immutable",
        `Secret ${name} is immutable, so its credential could never be replaced.`,
        "Choose another name with --secret-name, or delete it and run again.",
      );
    case "malformed":
      return refused(
        "secret.malformed",
        `Secret ${name} cannot be read: its ${dockerConfigKey} ${trouble.why}. The kubelet cannot read it either, and every pull of a pod that names it fails.`,
        "Fix or delete it, or choose another name with --secret-name.",
      );
    case "marks-malformed":
      return marksMalformed(secret);
    case "sealed":
      return refused(
        "manifest.sealed",
        `The document of ${name} is sealed (${trouble.by}), and the cluster does not hold what is in it, so nothing can be added to it.`,
        "Commit and sync the manifest, then run the same command again; or choose another name with --secret-name.",
      );
    case "embedded":
      return embedded(target, trouble.within);
    case "applied":
      return refused(
        "manifest.not-in-manifest",
        `The cluster's secret ${target.namespace}/${target.name} holds the key, but ${target.cluster.manifest?.name ?? "the manifest"} has no document for it.`,
        `Add it: acr-pull setup --manifest … -n ${target.namespace} --secret-name ${target.name}.`,
      );
    default:
      return trouble satisfies never;
  }
}

/** Warns that a controller that the cluster no longer lists may undo a write to the secret. Empty if all are listed. */
export function forgottenWritersWarning(target: Target, secret: PullSecret): string[] {
  if (!hasForgottenWriters(secret)) return [];
  return [
    `More than ten writers have changed ${targetName(target)}, and the cluster no longer lists the oldest: one may be a controller that undoes changes`,
  ];
}

/**
 * Whatever is written to a secret that is being deleted is lost with it.
 * @throws ActionableError `kubernetes.terminating`, which leaves the target out
 */
export function refuseDeleting(target: Target, { deleting, finalizers }: PullSecret): void {
  if (!deleting) return;
  throw new ActionableError(`Secret ${targetName(target)} is being deleted${heldText(finalizers)}.`, {
    code: "kubernetes.terminating",
    hint: "Wait until it is gone, or ask whoever set its finalizers to finish, and run again. Or choose another name with --secret-name.",
  });
}

function judgeNamespace(
  target: Target,
  namespace: TargetContent["namespace"],
  policy: TargetPolicy,
): TargetState {
  if (namespace === undefined && !policy.createNamespace) {
    throw namespaceNotFound(target);
  }
  if (typeof namespace === "object" && namespace.terminating) {
    throw new ActionableError(
      `Namespace ${target.namespace} in context ${inOneLine(target.cluster.context)} is being deleted.`,
      {
        code: "kubernetes.terminating",
        hint: "Wait until it is gone, then run again with --create-namespace; or omit it.",
      },
    );
  }
  return { kind: "absent", createNamespace: namespace === undefined };
}

/** A secret that acr-pull made, and had to leave without an entry. */
function isEmptyAndLabelled(secret: PullSecret, config: DockerConfig): boolean {
  return secret.labels[managedLabel] === "true" && Object.keys(config.auths).length === 0;
}

function describeOwner(secret: PullSecret): string {
  const by = secret.labels[managedByLabel];
  if (by !== undefined) return `its label ${managedByLabel} says ${JSON.stringify(by)}`;
  if (secret.managers.length === 0) return "nothing in it says who wrote it";
  return `${inOneLine(secret.managers.join(", "))} wrote it`;
}
