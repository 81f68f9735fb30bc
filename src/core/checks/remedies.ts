import type { Suggest } from "../suggest.ts";
import { registryOf } from "./credential/outcomes.ts";
import type { EntryFacts, SecretFacts, SecretPlace } from "./facts.ts";
import type { Known } from "./check.ts";
import type { AccessedRegistry } from "../../domain/registry.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { registryNameIn } from "../../domain/login-server.ts";
import { applicationUniqueName } from "../../domain/ownership.ts";
import { shellQuote } from "../../domain/shell-quote.ts";

/*
 * Command lines that several checks suggest.
 */

/** Options of a suggested command, apart from those that name the secret. */
type More = ReadonlyArray<readonly [flag: string, value?: string]>;

/** `setup` for one secret. */
export function suggestSetup(
  place: SecretPlace,
  suggest: Suggest,
  registry: string,
  more: More = [],
): string {
  return suggest("setup", [...flagsFor(place, registry), ...more]);
}

/**
 * Advice that ends in `setup` for a secret. It names the registry, because a job cannot be asked for it. If the
 * registry is not known, a person puts it in.
 */
export function setupAdvice(
  advice: string,
  { place, suggest, registries }: Pick<SecretFacts, "place" | "suggest" | "registries">,
  more: More = [],
): string {
  const { registry, where } = registryIn(registries);
  return `${advice}${where}: ${suggestSetup(place, suggest, registry, more)}`;
}

/** Advice to delete a secret and recreate it. It is one line, in which the second command runs only after the first. */
export function recreateAdvice(
  advice: string,
  { place, suggest, registries }: Pick<SecretFacts, "place" | "suggest" | "registries">,
): string {
  const { registry, where } = registryIn(registries);
  const { context, namespace, name } = place;
  const deletion = suggest.kubectl(context, "delete", "secret", name, "--namespace", namespace);
  return `${advice}${where}: ${deletion} && ${suggestSetup(place, suggest, registry)}`;
}

const mostNamed = 5;

/**
 * The registry of a suggested command, and the text before it if several may be meant or none is known.
 * @param likely all registries that may be meant
 */
export function registryIn(likely: readonly string[]): { readonly registry: string; readonly where: string } {
  const [first, ...more] = likely;
  if (first !== undefined && more.length === 0) return { registry: first, where: "" };
  const some = likely.slice(0, mostNamed).map(inOneLine);
  const last = likely.length > mostNamed ? "another" : some.pop();
  const which = some.length > 0 ? `${some.join(", ")} or ${last}` : "the registry of its images";
  return { registry: "REGISTRY", where: `, with ${which} for REGISTRY` };
}

/**
 * Whether an entry holds a password of the application that acr-pull made for its cluster, as far as that is known. A
 * mark alone does not prove it: anybody who may write the secret can name another application in it.
 */
export function isOwnEntry({ mark, isOfAnotherCluster, credential, application, host }: EntryFacts): boolean {
  if (!mark || isOfAnotherCluster) return false;
  const found = application.known && mark.appId === credential.username ? application.value : undefined;
  return found === undefined || found.uniqueName === applicationUniqueName(host, mark.clusterId);
}

/** `setup` that writes a new password for an entry. If its application is not the cluster's own, a person chooses. */
export function renewingSetup(facts: EntryFacts): string {
  const { mark, isOfAnotherCluster, place, suggest } = facts;
  const command = (...more: More) => suggestSetup(place, suggest, registryOf(facts), more);
  if (!mark) return command(["--adopt"]);
  if (isOwnEntry(facts)) return command();
  const { appId } = mark;
  if (isOfAnotherCluster || appId === undefined) return command(["--adopt"]);
  const anew = `${suggestRemove(place, suggest, registryOf(facts))} && ${command()}`;
  return `${anew}; or, if this cluster has to pull as ${appId}: ${command(["--service-principal", appId])}`;
}

/** `remove` of one registry from one secret. */
export function suggestRemove(place: SecretPlace, suggest: Suggest, registry: string): string {
  return suggest("remove", flagsFor(place, registry));
}

function flagsFor({ context, namespace, name }: SecretPlace, registry: string): More {
  return [
    ["--registry", registry],
    ["--namespace", namespace],
    ["--context", context],
    ["--secret-name", name],
  ];
}

/** A hint that changes the secret. If a controller writes it, it would undo the change, and `setup` refuses it. */
export function changing({ writtenBy }: { readonly writtenBy: string | undefined }, hint: string): string {
  return writtenBy === undefined
    ? hint
    : `${writtenBy} writes this secret, and would undo a change made here: fix it at its source.`;
}

/**
 * Gives a service account its whole list of pull secrets. Used for a secret that others made, because `setup` leaves
 * it alone.
 */
export function linkByHand(
  suggest: Suggest,
  { context, namespace }: Pick<SecretPlace, "context" | "namespace">,
  account: string,
  secrets: readonly string[],
): string {
  const patch = JSON.stringify({ imagePullSecrets: secrets.map((name) => ({ name })) });
  const words = ["patch", "serviceaccount", account, "--namespace", namespace, "--patch", patch];
  return suggest.kubectl(context, ...words);
}

/** The `docker` command that builds an image for several platforms, in the folder of its sources. */
export function buildFor(platforms: readonly string[], image: string): string {
  const all = [...new Set(platforms)].join(",");
  return ["docker", "buildx", "build", "--platform", all, "--tag", image, "--push", "."]
    .map(shellQuote)
    .join(" ");
}

/** An `az` command with these words. */
export function az(...words: readonly string[]): string {
  return ["az", ...words].map(shellQuote).join(" ");
}

/** A registry as `az acr` finds it. Without a subscription, it looks in the one that happens to be selected. */
interface NamedRegistry {
  readonly name: string;
  readonly subscriptionId?: string | undefined;
}

/**
 * An `az acr` command for a registry.
 * @param flag the option by which this command takes the name; usually `--name`
 */
export function azAcr(
  { name, subscriptionId }: NamedRegistry,
  command: readonly string[],
  { flag = "--name", more = [] }: { readonly flag?: string; readonly more?: readonly string[] } = {},
): string {
  const where = subscriptionId === undefined ? [] : ["--subscription", subscriptionId];
  return az("acr", ...command, flag, name, ...where, ...more);
}

/** The registry that was found. If none was, the one whose name the host begins with. */
export function namedRegistry(registry: Known<AccessedRegistry | undefined>, host: string): NamedRegistry {
  const found = registry.known ? registry.value : undefined;
  return found ?? { name: registryNameIn(host) };
}
