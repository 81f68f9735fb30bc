import type { Suggest } from "../core/ports.ts";
import { registryNameIn } from "../domain/login-server.ts";
import { shellQuote } from "../domain/shell-quote.ts";
import type { EntryFacts, SecretFacts, SecretPlace } from "./facts.ts";
import { valueOf } from "./known.ts";

/*
 * Command lines that several checks suggest.
 */

/** Options of a suggested command, apart from those that name the secret. */
type More = ReadonlyArray<readonly [flag: string, value?: string]>;

/** `setup` for one secret. */
function setupOf(place: SecretPlace, suggest: Suggest, registry: string, more: More): string {
  const { context, namespace, name } = place;
  return suggest("setup", [
    ["--registry", registry],
    ["--namespace", namespace],
    ["--context", context],
    ["--secret-name", name],
    ...more,
  ]);
}

/** `setup` that writes an entry again. */
export function setupAgain(facts: EntryFacts, more: More = []): string {
  return facts.isOurs
    ? setupOf(facts.place, facts.suggest, registryOf(facts), more)
    : setupAdopting(facts, more);
}

/** `setup` that writes an entry in place of one that acr-pull did not make, which it would leave alone otherwise. */
export function setupAdopting({ place, suggest, ...facts }: EntryFacts, more: More = []): string {
  return setupOf(place, suggest, registryOf(facts), [...more, ["--adopt"]]);
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
  return `${advice}${where}: ${setupOf(place, suggest, registry, more)}`;
}

/** Advice to delete a secret and recreate it. It is one line, in which the second command runs only after the first. */
export function recreateAdvice(
  advice: string,
  { place, suggest, registries }: Pick<SecretFacts, "place" | "suggest" | "registries">,
): string {
  const { registry, where } = registryIn(registries);
  const { context, namespace, name } = place;
  const deletion = suggest.kubectl(context, "delete", "secret", name, "--namespace", namespace);
  return `${advice}${where}: ${deletion} && ${setupOf(place, suggest, registry, [])}`;
}

const mostNamed = 5;

/** Some names of many. */
export function someOf(names: readonly string[]): string {
  return `${names.slice(0, mostNamed).join(", ")}${names.length > mostNamed ? ", …" : ""}`;
}

/**
 * The registry of a suggested command, and the text before it if several may be meant or none is known.
 * @param likely all registries that may be meant
 */
export function registryIn(likely: readonly string[]): { readonly registry: string; readonly where: string } {
  const [first, ...more] = likely;
  if (first !== undefined && more.length === 0) return { registry: first, where: "" };
  const some = likely.slice(0, mostNamed);
  const last = likely.length > mostNamed ? "another" : some.pop();
  const which = some.length > 0 ? `${some.join(", ")} or ${last}` : "the registry of its images";
  return { registry: "REGISTRY", where: `, with ${which} for REGISTRY` };
}

/** An entry's registry as commands name it. */
export function registryOf({
  registry,
  expectedHost,
  host,
}: Pick<EntryFacts, "registry" | "expectedHost" | "host">): string {
  return valueOf(registry)?.name ?? expectedHost ?? host;
}

/** Advice that changes the secret. If a controller writes it, it would undo the change, and `setup` refuses it. */
export function changing({ writtenBy }: { readonly writtenBy: string | undefined }, advice: string): string {
  return writtenBy === undefined
    ? advice
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

/** Advice on an image that is not built for the platforms of some nodes. */
export function buildAdvice(platforms: readonly string[], image: string): string {
  const all = [...new Set(platforms)].join(",");
  const build = ["docker", "buildx", "build", "--platform", all, "--tag", image, "--push", "."];
  return `Build it for all: ${build.map(shellQuote).join(" ")}; or keep its pods off those nodes with a node selector on kubernetes.io/os and kubernetes.io/arch.`;
}

/** An `az` command with these words. */
export function az(...words: readonly string[]): string {
  return ["az", ...words].map(shellQuote).join(" ");
}

/**
 * An `az acr` command for an entry's registry or, if that was not found, for the one whose name the host begins with.
 * @param flag the option by which this command takes the name; usually `--name`
 */
export function azAcr(
  { registry, host }: Pick<EntryFacts, "registry" | "host">,
  command: readonly string[],
  { flag = "--name", more = [] }: { readonly flag?: string; readonly more?: readonly string[] } = {},
): string {
  const found = valueOf(registry);
  // Without a subscription, az looks in the one that happens to be selected.
  const where = found ? ["--subscription", found.subscriptionId] : [];
  return az("acr", ...command, flag, found?.name ?? registryNameIn(host), ...where, ...more);
}
