import { dockerConfigType } from "../../domain/docker-config.ts";
import { refused } from "../../domain/errors.ts";
import { credentialsIn, type PullSecret } from "../../domain/pull-secret.ts";
import { reconcilerOf } from "../../domain/reconciler.ts";
import type { Target } from "../cluster/read-targets.ts";
import type { TargetPolicy, TargetState } from "./pull-secret.ts";

/**
 * Makes sure that applying a document to the cluster takes nothing from anybody, because a document replaces
 * everything that the secret holds. Succeeds if nothing is applied.
 * @throws ActionableError `secret.wrong-type`, `secret.immutable`, `secret.not-ours`, `manifest.drops-entries`, exit 2
 */
export async function checkApplied(
  { cluster, namespace, name }: Target,
  state: TargetState,
  { loginServer, adopt }: TargetPolicy,
  signal: AbortSignal,
): Promise<void> {
  const live = await cluster.manifest?.applied?.findSecret(namespace, name, signal);
  if (!live) return;
  const place = `${namespace}/${name}`;
  const another = "Choose another name with --secret-name, or delete it and run again.";
  if (live.type !== dockerConfigType) {
    const message = `The cluster has a secret ${place} of the type ${live.type}, and a type cannot be changed: the manifest could not be applied.`;
    throw refused("secret.wrong-type", message, another);
  }
  if (live.immutable) {
    const message = `The cluster's secret ${place} is immutable: the manifest could not be applied.`;
    throw refused("secret.immutable", message, another);
  }
  const kept = new Set([loginServer, ...(state.kind === "present" ? hostsIn(state.secret) : [])]);
  const dropped = hostsIn(live).filter((host) => !kept.has(host));
  if (dropped.length > 0) {
    throw refused(
      "manifest.drops-entries",
      `The cluster's secret ${place} also holds credentials for ${dropped.join(", ")}, which applying the manifest would remove.`,
      "Choose another name with --secret-name: a Pod can name several pull secrets.",
    );
  }
  const isOurs = live.marks[loginServer] !== undefined || hostsIn(live).length === 0;
  if (isOurs || adopt || reconcilerOf(live) !== undefined) return;
  throw refused(
    "secret.not-ours",
    `The cluster's secret ${place} holds a credential for ${loginServer} that acr-pull did not write; applying the manifest would replace it.`,
    "Run again with --adopt to have it replaced, or choose another name with --secret-name.",
  );
}

function hostsIn(secret: PullSecret): string[] {
  return [...new Set(credentialsIn(secret).map(({ host }) => host))];
}
