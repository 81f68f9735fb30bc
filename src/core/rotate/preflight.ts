import { imageText } from "../../domain/image-name.ts";
import pMap from "p-map";
import { formatDuration } from "../../domain/duration.ts";
import { ActionableError, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { isKeyOf } from "../../domain/ownership.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";
import { foreseeRefusedChange, foreseenText } from "../identity/foreseen-refusal.ts";
import { BusyError } from "../turn/busy.ts";
import { checkPasswordPolicy } from "../identity/client-secret.ts";
import { cappedLife, lifetimeOf } from "../identity/key-life.ts";
import { isSameTarget, targetName } from "../turn/pull-secret.ts";
import { registryNamed } from "../cluster/registry-meant.ts";
import { setupCommands } from "../suggest.ts";
import { rehearseWrite } from "../turn/rehearse.ts";
import { manyTargets, type Target } from "../cluster/read-targets.ts";
import { notApplied } from "./applied.ts";
import type { RotateInput, RotatePorts } from "./contract.ts";
import { lifeBefore } from "./change-over.ts";
import type { Holder } from "../cluster/holders.ts";
import { notNamed } from "./judge-holders.ts";
import type { ChangeOver, NextStep, Retirement } from "./decide.ts";
import type { SeenKeys } from "./look.ts";
import { atOnce } from "../at-once.ts";

/** A holder of a key that cannot be written. */
interface Unwritable {
  readonly target: Target;
  readonly error: ActionableError;
}

/** What is known before the first write. */
export interface Preflight {
  /** What to know before agreeing to the plan. */
  readonly warnings: readonly string[];
}

/**
 * Asks before the first write whether a step can be carried out. An old key is retired only when every secret that
 * holds it has another. So a secret that cannot be written, or read back, stops the run before anything is made. A
 * retirement that cannot write some secrets still takes the old key out of the others.
 * @throws ActionableError exit 2 for a secret that cannot be written, a leaked key that could not be retired, and a
 *   key or an image that is not the right one; exit 3 if the tenant forbids the new key, or secrets may not be read
 *   by name; `busy` while another run is at work
 */
export async function preflight(
  step: NextStep,
  keys: SeenKeys,
  { input, ports }: { readonly input: RotateInput; readonly ports: Pick<RotatePorts, "azure"> },
  signal: AbortSignal,
): Promise<Preflight> {
  if (step.kind === "none") return { warnings: [] };
  if (keys.liveMark && !input.dryRun) throw new BusyError(targetName(keys.liveMark.target));
  if (input.intent === "compromised" && keys.withheld.length > 0) throw notNamed(keys.withheld, input);
  // A second rotation before the first one is applied would remove a password that is in use.
  if (step.kind === "change-over" && step.to === undefined && keys.applied.missing.length > 0)
    throw notApplied(keys.applied.missing, keys.seen);
  const { directory } = ports.azure;
  const caller = await directory.caller(signal);
  const makes = step.kind === "change-over" && step.to === undefined;
  const [foreseen, policy, unwritable, unreadable] = await Promise.all([
    foreseeRefusedChange(keys.application, { directory, caller }, signal),
    makes ? checkPasswordPolicy(keys.application, input.expiresInMs, directory, signal) : undefined,
    findUnwritable(step, keys, signal),
    findUnreadable(step, keys, signal),
  ]);
  if (makes && policy) refuseLongGrace(step, keys, input, policy);
  if (input.intent === "compromised" && step.kind === "change-over") refuseUnretirable(step, keys);
  if (step.kind !== "tidy") refuseOtherImage(step, keys, input);
  const foreseenWarnings = foreseen ? [foreseenText(foreseen)] : [];
  if (step.kind !== "change-over") {
    refuseIfNone(touchedBy(step, keys), [...unreadable, ...unwritable]);
    return { warnings: foreseenWarnings };
  }
  const [first] = unreadable;
  if (first) throw first.error;
  if (unwritable.length > 0) throw cannotBeWritten(unwritable, keys, input);
  return {
    warnings: [
      ...foreseenWarnings,
      ...(makes && policy && input.expiresInMs === undefined
        ? cappedLife(policy, lifeBefore(step.holders, keys))
        : []),
    ],
  };
}

/** The secrets that a step writes. If it writes only its mark, the secrets that can carry the mark. */
function touchedBy(step: Exclude<NextStep, { kind: "none" }>, keys: SeenKeys): readonly Holder[] {
  return step.kind === "tidy" ? keys.holders : step.holders;
}

/** Refuses a run that could not write a single secret. */
function refuseIfNone(touched: readonly Holder[], failed: readonly Unwritable[]): void {
  const isFailed = ({ target }: Holder) => failed.some((one) => isSameTarget(one.target, target));
  const [first] = failed;
  if (first && touched.every(isFailed)) throw first.error;
}

/** A grace period that is longer than the new key's life would end with no valid key at all. */
function refuseLongGrace(
  { holders }: ChangeOver,
  keys: SeenKeys,
  input: RotateInput,
  policy: PasswordPolicy,
): void {
  if (input.intent !== "rotate") return;
  const beforeMs = lifeBefore(holders, keys);
  const asked = input.expiresInMs === "max" ? Infinity : (input.expiresInMs ?? beforeMs);
  const lifeMs = lifetimeOf(input.expiresInMs, policy, beforeMs);
  if (input.graceMs < lifeMs) return;
  const [as, longer] =
    lifeMs < asked
      ? ["as long as the tenant allows", ""]
      : [
          input.expiresInMs === undefined ? "as long as the one before it" : "as you asked",
          " or a longer --expires-in",
        ];
  throw refused(
    "rotate.grace-too-long",
    `The old key would stay for ${formatDuration(input.graceMs)}, but the new one would be valid for only ${formatDuration(lifeMs)}, ${as}.`,
    `Use a shorter --grace${longer}.`,
  );
}

/** An image that the key in use cannot pull cannot prove the new key. */
function refuseOtherImage(
  { holders }: ChangeOver | Retirement,
  { keyOf, loginServer }: SeenKeys,
  { image, proof }: RotateInput,
): void {
  if (image === undefined || proof !== "registry") return;
  const living = holders.map(({ credential }) => keyOf(credential.password)).filter(({ alive }) => alive);
  if (living.length === 0 || living.some(({ pulls }) => pulls)) return;
  const name = imageText(image);
  throw refused(
    "proof.no-pull-scope",
    `${loginServer} does not let the key in use pull ${name}, so it could not prove a new key either.`,
    "Name an image that the role covers with --image, or omit it.",
  );
}

async function findUnwritable(
  step: Exclude<NextStep, { kind: "none" }>,
  keys: SeenKeys,
  signal: AbortSignal,
): Promise<Unwritable[]> {
  const changed = step.kind === "change-over" ? step.holders : [];
  const passwords = new Set(changed.map(({ credential }) => credential.password.reveal()));
  const copies = keys.copies
    .filter(({ credentials }) => credentials.some(({ password }) => passwords.has(password.reveal())))
    .map(({ target, error }) => ({ target, error }));
  const refused = await refusedOf(
    touchedBy(step, keys),
    ({ target, secret }) => rehearseWrite(target, { kind: "present", secret }, signal),
    signal,
  );
  return [...copies, ...refused];
}

/** The look only listed secrets. Each is read back by its name after the write, which needs another right. */
async function findUnreadable(
  step: Exclude<NextStep, { kind: "none" }>,
  keys: SeenKeys,
  signal: AbortSignal,
): Promise<Unwritable[]> {
  const touched = touchedBy(step, keys);
  const { cluster } = keys.seen;
  if (touched.length >= manyTargets && (await cluster.mayEverywhere("get", "secrets", signal))) return [];
  return refusedOf(
    touched,
    ({ target }) => target.cluster.findSecret(target.namespace, target.name, signal),
    signal,
  );
}

async function refusedOf(
  holders: readonly Holder[],
  ask: (holder: Holder) => Promise<unknown>,
  signal: AbortSignal,
): Promise<Unwritable[]> {
  const answers = await pMap(
    holders,
    async (holder): Promise<Unwritable[]> => {
      try {
        await ask(holder);
        return [];
      } catch (error) {
        if (!(error instanceof ActionableError) || signal.aborted) throw error;
        // A server that does not answer has refused nothing.
        if (error.retryable) throw error;
        return [{ target: holder.target, error }];
      }
    },
    atOnce,
  );
  return answers.flat();
}

function cannotBeWritten(
  unwritable: readonly Unwritable[],
  keys: SeenKeys,
  { suggest }: Pick<RotateInput, "suggest">,
): ActionableError {
  const list = unwritable.map(({ target, error }) => `  ${targetName(target)}: ${error.message}`).join("\n");
  const [first] = unwritable;
  const { docs, requestId } = first?.error ?? {};
  const hints = new Set(unwritable.flatMap(({ error }) => ownHint(error) ?? []));
  const others = unwritable.filter(({ error }) => ownHint(error) === undefined).map(({ target }) => target);
  if (others.length > 0) {
    const over = setupCommands(others, registryNamed(keys), suggest, [["--adopt"]]);
    hints.add(`Fix the cause, ask the secret's owner to remove the key, or take the secret over: ${over}`);
  }
  hints.add("To continue without such a secret, delete it.");
  return new ActionableError(
    `${unwritable.length === 1 ? "A secret holds" : `${unwritable.length} secrets hold`} the key and cannot be written, so nothing was started:\n${list}`,
    {
      code: "rotate.holder-unwritable",
      hint: `Every secret that holds the key has to get the new one. ${[...hints].join("\n")}`,
      docs,
      requestId,
      exitCode: exitCode.usage,
    },
  );
}

/** The hint of a secret that cannot be taken over: its own error says what to do. */
function ownHint({ code, hint }: ActionableError): string | undefined {
  return code === "secret.wrong-type" || code.startsWith("manifest.") ? hint : undefined;
}

/** Refuses a leaked key that could not be retired, before anything is made. */
function refuseUnretirable({ holders }: ChangeOver, { keyOf, seen, appId }: SeenKeys): void {
  if (!seen.whole) {
    throw refused(
      "rotate.cannot-see-all-namespaces",
      "You may not list secrets in every namespace, so the leaked key could not be retired: another namespace may still pull with it.",
      "Ask for the right to list secrets cluster-wide, or have somebody who has it run the same command.",
    );
  }
  for (const { credential } of holders) {
    const { keyId, listed, alive } = keyOf(credential.password);
    if (!alive) continue;
    if (keyId === null) {
      throw refused(
        "rotate.key-unknown",
        `The leaked password of the service principal ${appId} was given by hand, and its id is not known.`,
        `Give the cluster a key of its own with acr-pull rotate. Then look up the id of the leaked one (az ad app credential list --id ${appId}), and remove it: az ad app credential delete --id ${appId} --key-id KEY_ID`,
      );
    }
    if (listed && !isKeyOf(listed, seen.clusterId)) {
      throw refused(
        "rotate.key-not-ours",
        `acr-pull did not make the leaked key ${keyId} for this cluster, so others may use it too.`,
        `Give the cluster a key of its own with acr-pull rotate. Then remove the leaked one: az ad app credential delete --id ${appId} --key-id ${keyId}`,
      );
    }
  }
}
