import { refused } from "../../domain/errors.ts";
import type { PasswordCredential } from "../../domain/identity.ts";
import { dayText } from "../../domain/time-text.ts";
import type { RotateInput } from "./contract.ts";
import { needsNaming, type SeenKeys } from "./look.ts";
import type { ChangeOver, NextStep, Retirement } from "./decide.ts";

/** The keys of one application, and the next step for them. */
interface StepOfKeys {
  readonly keys: SeenKeys;
  readonly step: NextStep;
}

/**
 * Refuses an id of `--retire-key` that neither the directory nor any secret knows: every printed command would repeat
 * it, and it would retire nothing. If nothing is due, an earlier run may have retired that key.
 * @returns what the user should know, if nothing is due
 * @throws ActionableError `rotate.key-not-found`, exit 2
 */
export function checkNamedKey(looked: readonly StepOfKeys[], { retireKey }: RotateInput): string[] {
  if (retireKey === undefined || looked.some(({ keys }) => mayKnow(keys, retireKey))) return [];
  const what = `No application of the chosen secrets has the key ${retireKey}`;
  const isOver = looked.every(({ step }) => step.kind === "none" && step.because !== "pending");
  if (isOver) return [`${what}: it is already retired, or --retire-key names the wrong one`];
  const lines = looked.flatMap(({ keys }) => keyLines(keys));
  throw refused(
    "rotate.key-not-found",
    `${what}, and no secret names it, so nothing was started. Their keys are:\n${[...new Set(lines)].join("\n")}`,
    "Name one of these with --retire-key, or leave the option out: acr-pull itself retires the keys that it made for this cluster.",
  );
}

/** Whether it may be the id of one of these keys, or of the old password if that one's id is not known. */
function mayKnow({ application, holders, keyOf }: SeenKeys, retireKey: string): boolean {
  return (
    application.passwords.some(({ keyId }) => keyId === retireKey) ||
    holders.some(
      ({ credential, mark: { keyId, retire } }) =>
        keyOf(credential.password).keyId === retireKey ||
        keyId === retireKey ||
        (retire !== undefined && (retire.keyId === null || retire.keyId === retireKey)),
    )
  );
}

function keyLines({ application, holders, keyOf }: SeenKeys): string[] {
  const inUse = new Set(holders.map(({ credential }) => keyOf(credential.password).keyId));
  return application.passwords.map((key) => `  ${keyLine(key, inUse.has(key.keyId))}`);
}

function keyLine({ keyId, endDateTime }: PasswordCredential, isInUse: boolean): string {
  const until = endDateTime ? `, valid until ${dayText(endDateTime)}` : "";
  return `${keyId}${until}${isInUse ? ", in use" : ""}`;
}

/** Refuses a `--retire-key` that names another key than the replaced one, if that one has to be named. */
export function refuseOtherKey(
  step: ChangeOver | Retirement,
  keys: SeenKeys,
  { retireKey }: RotateInput,
): void {
  const { application, keyOf } = keys;
  const listedAs = (id: string | null) => application.passwords.find(({ keyId }) => keyId === id);
  const replaced =
    step.kind === "change-over"
      ? step.holders.map(({ credential }) => keyOf(credential.password))
      : [{ keyId: step.keyId, listed: listedAs(step.keyId), credential: step.old?.credential }];
  const unnamed = step.holders.length === 0 ? [] : replaced.filter((key) => needsNaming(key, keys));
  const [first] = unnamed;
  if (retireKey === undefined || !first) return;
  const hint = listedAs(retireKey)?.hint ?? "";
  const isNamed = ({ keyId, credential }: (typeof replaced)[number]) =>
    keyId === retireKey || (keyId === null && (credential?.password.reveal().startsWith(hint) ?? true));
  if (unnamed.some(isNamed)) return;
  throw refused(
    "rotate.other-key",
    `--retire-key names ${retireKey}, but the replaced one is ${first.keyId === null ? "a password with other first characters" : `the key ${first.keyId}`}, so nothing was started.`,
    `Name the one that is replaced, or omit --retire-key: az ad app credential list --id ${application.appId} shows the ids, and the first characters of each.`,
  );
}
