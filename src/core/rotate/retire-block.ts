import { dockerConfigType } from "../../domain/docker-config.ts";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { credentialsIn, isOfApplication, type PullSecret } from "../../domain/pull-secret.ts";
import type { ClusterView } from "../cluster/view.ts";
import type { Target } from "../cluster/read-targets.ts";
import { registryNamed } from "../cluster/registry-meant.ts";
import { listFailed } from "../ending.ts";
import type { RemovalEvidence } from "../proof/prove-removed.ts";
import { setupCommands } from "../suggest.ts";
import { targetName } from "../turn/pull-secret.ts";
import { notApplied } from "./applied.ts";
import type { RetireBlock, RotateInput } from "./contract.ts";
import type { KeyWork } from "./key-work.ts";
import type { SeenKeys } from "./look.ts";
import type { Retirement } from "./decide.ts";

/** How the retirement of a key ended. */
export interface Retired {
  readonly retired: boolean;
  /** With `retired`: what shows that the key is gone. */
  readonly evidence?: RemovalEvidence;
  readonly blocked?: RetireBlock;
  /** What stopped it, for the user; absent if it is done, or if the key stays for good. */
  readonly error?: ActionableError;
}

/** Why the retirement cannot begin, as far as the look shows; undefined if nothing blocks it. */
export function blockBefore(
  step: Retirement,
  keys: SeenKeys,
  input: Pick<RotateInput, "suggest">,
  others: readonly ClusterView[],
): Retired | undefined {
  const { seen, copies, withheld, applied } = keys;
  if (applied.missing.length > 0) {
    const { message, hint = "" } = notApplied(applied.missing, seen);
    return blockedBy("not-applied", `${nameOfKey(step)} is not retired. ${message}`, hint);
  }
  const password = step.old?.credential.password;
  const held = [
    ...withheld
      .filter(({ credential }) => password?.equals(credential.password) === true)
      .map(({ target }) => ({ target, isOlder: false })),
    ...copies
      .filter(({ credentials }) => password && credentials.some((one) => one.password.equals(password)))
      .map(({ target, error }) => ({
        target,
        isOlder: hasCode(error, "secret.wrong-type"),
      })),
    ...others.flatMap((other) => placesOf(other, holdersIn(other.secrets, step, keys))),
  ];
  return held.length > 0 ? stillHeld(step, held, keys, input) : undefined;
}

/** Says that a namespace that may not be looked at may hold the key. */
export function blockedByUnseen(step: Retirement, { contexts }: Pick<ClusterView, "contexts">): Retired {
  return blockedBy(
    "cannot-see-all-namespaces",
    `${nameOfKey(step)} is not retired: you may not list secrets in every namespace of context ${contexts.map(inOneLine).join(", ")}, so another one may still hold it.`,
    "Run the same command again when you may list them.",
  );
}

/** A secret that holds a key. */
export interface HolderPlace {
  readonly target: Target;
  /** Whether it has the older type, which `setup` cannot take over. */
  readonly isOlder: boolean;
}

/** The places of secrets that hold a key. */
export function placesOf({ cluster }: ClusterView, secrets: readonly PullSecret[]): HolderPlace[] {
  return secrets.map(({ namespace, name, type }) => ({
    target: { cluster, namespace, name },
    isOlder: type !== dockerConfigType,
  }));
}

/** Secrets that hold the key: by our marks, or by its password; if that is no longer known, by its first characters. */
export function holdersIn(
  secrets: readonly PullSecret[],
  { keyId, old }: Retirement,
  { appId, application, holders: inUse }: Pick<SeenKeys, "appId" | "application" | "holders">,
): PullSecret[] {
  const hint = application.passwords.find((key) => key.keyId === keyId)?.hint;
  const newer = inUse.map(({ credential }) => credential.password);
  return secrets.filter((secret) => {
    const marks = Object.values(secret.marks);
    if (keyId !== null && marks.some((mark) => mark.appId === appId && mark.keyId === keyId)) return true;
    return credentialsIn(secret).some((credential) => {
      const { password } = credential;
      if (old) return password.equals(old.credential.password);
      if (!isOfApplication(credential, appId) || newer.some((one) => one.equals(password))) return false;
      return hint !== undefined && password.reveal().startsWith(hint);
    });
  });
}

/** Says that secrets still hold the key, and what to do about them. */
export function stillHeld(
  step: Retirement,
  holders: readonly HolderPlace[],
  keys: Pick<SeenKeys, "registry" | "loginServer">,
  { suggest }: Pick<RotateInput, "suggest">,
): Retired {
  const newer = holders.filter(({ isOlder }) => !isOlder).map(({ target }) => target);
  const hints = [
    "Run the same command again: it first writes the new key wherever acr-pull may.",
    ...(newer.length === 0
      ? []
      : [
          `A copy that is not acr-pull's has to be replaced by its owner, or taken over: ${setupCommands(newer, registryNamed(keys), suggest, [["--adopt"]])}`,
        ]),
    ...(holders.some(({ isOlder }) => isOlder)
      ? [
          `A copy of the older type kubernetes.io/dockercfg cannot be taken over: delete it, or ask its owner to replace it with one of the type ${dockerConfigType}.`,
        ]
      : []),
  ];
  return blockedBy(
    "still-held",
    `${nameOfKey(step)} is not retired: it is still held by ${holders.map(({ target }) => targetName(target)).join(", ")}.`,
    hints.join("\n"),
  );
}

/** Says that some secrets could not be written, and so still hold the key. */
export function notCleaned(step: Retirement, { written }: KeyWork): Retired {
  const failed = [...written.values()].flatMap(({ target, error }) =>
    error ? [{ name: targetName(target), error }] : [],
  );
  return blockedBy(
    "still-held",
    `${nameOfKey(step)} is not retired: ${failed.length} ${failed.length === 1 ? "secret" : "secrets"} could not be written.\n${listFailed(failed)}`,
    failed[0]?.error.hint ?? "Fix the cause, then run the same command again.",
  );
}

function nameOfKey({ keyId }: Retirement): string {
  return keyId === null ? "The old key" : `The key ${keyId}`;
}

/** A retirement that is blocked. */
export function blockedBy(blocked: RetireBlock, message: string, hint: string): Retired {
  return {
    retired: false,
    blocked,
    error: new ActionableError(message, {
      code: `rotate.${blocked}`,
      hint,
      retryable: blocked !== "cannot-see-all-namespaces",
      exitCode: exitCode.incomplete,
    }),
  };
}
