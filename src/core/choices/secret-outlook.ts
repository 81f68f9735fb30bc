import pMap from "p-map";
import { withoutCredential } from "../../domain/docker-config.ts";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import { judgeTarget, refuseDeleting, type TargetPolicy, type TargetState } from "../turn/pull-secret.ts";
import { readTarget, type Target } from "../cluster/read-targets.ts";

/** What a write to a target would find there. Never holds a credential. */
export type SecretOutlook =
  /** There is no secret of that name, and perhaps no namespace. */
  | { readonly kind: "absent"; readonly createNamespace: boolean }
  /** Our entry for this login server is there. */
  | {
      readonly kind: "ours";
      /** RFC 3339 in UTC. Undefined if the entry does not say it, or not yet. */
      readonly expiresAt: string | undefined;
    }
  /** Our entry is added beside those of other hosts. */
  | {
      readonly kind: "merge";
      /** The hosts as the secret names them, which may be any text. Empty for an empty secret. */
      readonly hosts: readonly string[];
      /** Whether adopting replaces a credential for this login server that is not ours. */
      readonly replaces: boolean;
    }
  /** It cannot be written as it is: see `judgeTarget`. */
  | {
      readonly kind: "refused";
      readonly error: ActionableError;
      /** Whether `--adopt` would allow it. */
      readonly adoptable: boolean;
    }
  /** It could not be read. */
  | { readonly kind: "unreadable"; readonly error: ActionableError };

/** A target with its outlook. */
export interface LookedAtSecret {
  readonly target: Target;
  readonly outlook: SecretOutlook;
}

const readsAtOnce = 10;

/**
 * Looks at what the targets hold today, in their order. Every failure comes back as the outlook of its target. A
 * missing right and a cluster that does not answer are `unreadable`.
 */
export async function lookAtSecrets(
  targets: readonly Target[],
  policy: TargetPolicy,
  signal: AbortSignal,
): Promise<readonly LookedAtSecret[]> {
  return pMap(targets, async (target) => ({ target, outlook: await lookAt(target, policy, signal) }), {
    concurrency: readsAtOnce,
  });
}

async function lookAt(target: Target, policy: TargetPolicy, signal: AbortSignal): Promise<SecretOutlook> {
  let content;
  try {
    content = await readTarget(target, signal);
  } catch (error) {
    if (error instanceof ActionableError && !signal.aborted) return { kind: "unreadable", error };
    throw error;
  }
  try {
    if (content.secret) refuseDeleting(target, content.secret);
    return outlookOf(judgeTarget(target, content, policy), policy.loginServer);
  } catch (error) {
    if (!(error instanceof ActionableError)) throw error;
    return { kind: "refused", error, adoptable: hasCode(error, "secret.not-ours") };
  }
}

function outlookOf(state: TargetState, loginServer: string): SecretOutlook {
  if (state.kind === "absent") return state;
  const { mark, config, credential } = state;
  if (mark) {
    return { kind: "ours", expiresAt: mark.expiresAt ?? undefined };
  }
  const hosts = Object.keys(withoutCredential(config, loginServer).auths);
  return { kind: "merge", hosts, replaces: credential !== undefined };
}
