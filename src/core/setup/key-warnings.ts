import { formatDuration } from "../../domain/duration.ts";
import { isRenewalDue, type KeyLife } from "../../domain/renewal.ts";
import { namedAs } from "../cluster/registry-meant.ts";
import { setupCommands } from "../suggest.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { SetupInput } from "./contract.ts";
import type { Job } from "./job.ts";

/** How many secrets a message names if there are many alike. */
export const namesShown = 5;
const day = 86_400_000;

/** Warnings about secrets that keep a dead password, because nobody asked for their namespaces. */
export function strandedWarnings(job: Job, input: SetupInput): string[] {
  const { deadKeys, view } = job;
  const stranded = (isListed: boolean) =>
    deadKeys.stranded
      .filter((one) => one.isListed === isListed)
      .map(({ namespace, name }) => ({ cluster: view.cluster, namespace, name }));
  const [listed, unlisted] = [stranded(true), stranded(false)];
  const again = setupCommands(unlisted, namedAs(input.registry), input.suggest);
  return [
    ...tell(listed, `${rotateCommand(job, input)} gives every secret of the cluster the one that does`),
    ...tell(unlisted, `this writes them too: ${again}`),
  ];
}

function tell(targets: ReadonlyArray<Parameters<typeof targetName>[0]>, fix: string): string[] {
  if (targets.length === 0) return [];
  const names = targets.map(targetName);
  const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : "";
  const verb = names.length === 1 ? "holds" : "hold";
  return [
    `${names.slice(0, namesShown).join(", ")}${more} still ${verb} a password that does not sign in: ${fix}`,
  ];
}

/** Warnings that the key in use, which stays, ends soon, or has another lifetime than the user asked for. */
export function lifeWarnings(
  job: Job,
  key: KeyLife & { readonly keyId: string | null },
  input: SetupInput,
  now: Date,
): string[] {
  const warnings: string[] = [];
  if (isRenewalDue(key, now)) {
    warnings.push(
      `The key in use is valid only until ${key.expiresAt}. Renew it with: ${rotateCommand(job, input)}`,
    );
  }
  const lifetime = lifetimeNote(job, key.keyId, input);
  if (lifetime !== undefined) warnings.push(lifetime);
  return warnings;
}

/** `--expires-in` is about keys to be made. A living key keeps its own end. */
function lifetimeNote(job: Job, keyId: string | null, input: SetupInput): string | undefined {
  // acr-pull does not rotate a password that the user gave.
  if (input.knownPassword) return undefined;
  const { identity } = job;
  const application = identity?.application.kind === "found" ? identity.application.application : undefined;
  const key = application?.passwords.find((one) => one.keyId === keyId);
  if (typeof input.expiresInMs !== "number" || !key?.startDateTime || !key.endDateTime) return undefined;
  const lifetimeMs = key.endDateTime.getTime() - key.startDateTime.getTime();
  if (Math.abs(lifetimeMs - input.expiresInMs) < day) return undefined;
  const asked = formatDuration(input.expiresInMs);
  const command = rotateCommand(job, input, [["--expires-in", asked]]);
  return `The key in use is valid for ${Math.round(lifetimeMs / day)} days and is kept: ${command} replaces it with one that is valid for ${asked}`;
}

function rotateCommand(
  { contexts }: Job,
  { registry, suggest }: SetupInput,
  more: Parameters<SetupInput["suggest"]>[1] = [],
): string {
  return suggest("rotate", [
    ["--registry", namedAs(registry)],
    ...contexts.map((context) => ["--context", context] as const),
    ...more,
  ]);
}
