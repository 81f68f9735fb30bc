import {
  dockerConfigKey,
  formatDockerConfig,
  withoutCredentialsOf,
  type DockerConfig,
} from "../../domain/docker-config.ts";
import type { SecretChange } from "../../domain/kubernetes-objects.ts";
import {
  entriesAnnotation,
  formatMarks,
  managedByLabel,
  managedByValue,
  managedLabel,
  type EntryMark,
  type EntryMarks,
} from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { Target } from "../cluster/read-targets.ts";
import { judgeTarget } from "./pull-secret.ts";

/** A secret with an entry of ours. */
export interface MarkedSecret {
  readonly target: Target;
  readonly loginServer: string;
  readonly secret: PullSecret;
  readonly config: DockerConfig;
  readonly marks: EntryMarks;
  readonly mark: EntryMark;
}

/** What happens to a secret when our entry is taken out of it. */
export type EntryEnd =
  /** acr-pull made it, and nothing else is in it. */
  | { readonly kind: "delete" }
  | { readonly kind: "change"; readonly change: SecretChange; readonly why: KeptSecret };

/** Why a secret stays when our entry is taken out of it. */
export type KeptSecret =
  /** It holds other hosts, or other registries of ours. */
  | "holds-other-entries"
  /** Somebody else made it. */
  | "not-made-by-acr-pull"
  /** What it holds for the host is not what our mark describes. */
  | "holds-other-credential"
  /** It is being deleted, and will be gone when its finalizers are done. */
  | "being-deleted";

/**
 * Judges whether our entry can be taken out of a secret. Undefined if there is none, or no longer.
 * @throws ActionableError with exit 2 for what can never work: `secret.reconciled`, `secret.malformed`,
 *   `secret.immutable`, `secret.marks-malformed`, `secret.wrong-type`
 */
export function readEntry(target: Target, secret: PullSecret, loginServer: string): MarkedSecret | undefined {
  const policy = { loginServer, adopt: true, createNamespace: false };
  const state = judgeTarget(target, { secret, namespace: undefined }, policy);
  if (state.kind !== "present" || !state.mark) return undefined;
  const { config, marks, mark } = state;
  return { target, loginServer, secret, config, marks, mark };
}

/** What happens to a secret without our entry. Labels, annotations, hosts and keys of others stay as they are. */
export function entryEnd(entry: MarkedSecret): EntryEnd {
  const { secret, marks, loginServer } = entry;
  const { [loginServer]: _gone, ...otherMarks } = marks;
  const hasOtherMarks = Object.keys(otherMarks).length > 0;
  const config = configWithout(entry);
  const madeByUs = secret.labels[managedByLabel] === managedByValue;
  const holdsNothing =
    Object.keys(config.auths).length === 0 &&
    Object.keys(config).every((key) => key === "auths") &&
    Object.keys(secret.data).every((key) => key === dockerConfigKey);
  const goes = madeByUs && holdsNothing && !hasOtherMarks;
  if (goes && !secret.deleting) return { kind: "delete" };
  return {
    kind: "change",
    change: {
      ...(hasOtherMarks
        ? { annotations: { [entriesAnnotation]: formatMarks(otherMarks) } }
        : {
            labels: { [managedLabel]: null, ...(madeByUs && { [managedByLabel]: null }) },
            annotations: { [entriesAnnotation]: null },
          }),
      ...dataChange(entry, config),
    },
    why: secret.deleting
      ? "being-deleted"
      : hasOtherCredential(entry)
        ? "holds-other-credential"
        : holdsNothing && !hasOtherMarks
          ? "not-made-by-acr-pull"
          : "holds-other-entries",
  };
}

/** Takes the credential out. The mark stays, and shows the next run what is still to be removed. */
export function withoutPassword(entry: MarkedSecret): SecretChange | undefined {
  const change = dataChange(entry, configWithout(entry));
  return "data" in change ? change : undefined;
}

function dataChange({ config }: MarkedSecret, without: DockerConfig): SecretChange {
  return without === config ? {} : { data: { [dockerConfigKey]: formatDockerConfig(without) } };
}

/** Removes only what the mark describes: somebody may have put another credential in its place. */
function configWithout({ config, loginServer, mark }: MarkedSecret): DockerConfig {
  return mark.appId === undefined ? config : withoutCredentialsOf(config, loginServer, mark.appId);
}

function hasOtherCredential(entry: MarkedSecret): boolean {
  const { loginServer } = entry;
  return Object.keys(configWithout(entry).auths).some((key) => key.toLowerCase() === loginServer);
}
