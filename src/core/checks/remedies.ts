import type { Suggest } from "../suggest.ts";
import type { SecretPlace } from "./facts.ts";
import type { Known } from "./check.ts";
import type { AccessedRegistry } from "../../domain/registry.ts";
import { registryNameIn } from "../../domain/login-server.ts";
import { shellQuote } from "../../domain/shell-quote.ts";

/*
 * Command lines that several checks suggest.
 */

/** `setup` for one secret; without a registry it asks for it. */
export function setupCommand(
  place: SecretPlace,
  suggest: Suggest,
  registry: string | undefined,
  more: ReadonlyArray<readonly [flag: string, value?: string]> = [],
): string {
  return suggest("setup", [...flagsFor(place, registry), ...more]);
}

/** `remove` of one registry from one secret. */
export function removeCommand(place: SecretPlace, suggest: Suggest, registry: string): string {
  return suggest("remove", flagsFor(place, registry));
}

function flagsFor(
  { context, namespace, name }: SecretPlace,
  registry: string | undefined,
): ReadonlyArray<readonly [flag: string, value?: string]> {
  return [
    ...(registry === undefined ? [] : [["--registry", registry] as const]),
    ["--namespace", namespace],
    ["--context", context],
    ["--secret-name", name],
  ];
}

/** A hint that changes the secret; where a controller writes it, the change would be undone, and `setup` refuses it. */
export function changing({ writtenBy }: { readonly writtenBy: string | undefined }, hint: string): string {
  return writtenBy === undefined
    ? hint
    : `${writtenBy} writes this secret, and would undo a change made here: fix it at its source.`;
}

/** Gives a service account its whole list of pull secrets: for one that `setup` leaves alone, since others made it. */
export function linkByHand(
  suggest: Suggest,
  context: string,
  namespace: string,
  account: string,
  secrets: readonly string[],
): string {
  const patch = JSON.stringify({ imagePullSecrets: secrets.map((name) => ({ name })) });
  const words = ["patch", "serviceaccount", account, "--namespace", namespace, "--patch", patch];
  return suggest.kubectl(context, ...words);
}

/** `docker` that builds an image for several platforms, in the folder of its sources. */
export function buildFor(platforms: readonly string[], image: string): string {
  const all = [...new Set(platforms)].join(",");
  return ["docker", "buildx", "build", "--platform", all, "--tag", image, "--push", "."]
    .map(shellQuote)
    .join(" ");
}

/** `az` with its words. */
export function az(...words: readonly string[]): string {
  return ["az", ...words].map(shellQuote).join(" ");
}

/** A registry as `az acr` finds it: without its subscription it looks in the one that happens to be chosen. */
interface NamedRegistry {
  readonly name: string;
  readonly subscriptionId?: string | undefined;
}

/** `az acr` for a registry. @param flag how this command takes the name; `--name` is usual */
export function azAcr(
  { name, subscriptionId }: NamedRegistry,
  command: readonly string[],
  { flag = "--name", more = [] }: { readonly flag?: string; readonly more?: readonly string[] } = {},
): string {
  const where = subscriptionId === undefined ? [] : ["--subscription", subscriptionId];
  return az("acr", ...command, flag, name, ...where, ...more);
}

/** The registry that was found; where Azure was not asked, the one whose name the host begins with. */
export function namedRegistry(registry: Known<AccessedRegistry | undefined>, host: string): NamedRegistry {
  const found = registry.known ? registry.value : undefined;
  return found ?? { name: registryNameIn(host) };
}
