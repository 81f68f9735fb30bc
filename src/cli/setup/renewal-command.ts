import { formatDuration } from "../../domain/duration.ts";
import { renewalWindowMs, type KeyLife } from "../../domain/renewal.ts";
import type { CommandContext } from "../command.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import { rotateOptions } from "../rotate/options.ts";
import { setupOptions } from "./options.ts";

const {
  registry,
  tenant,
  cloud,
  auth,
  namespace,
  namespaceSelector,
  context,
  kubeconfig,
  clusterId,
  allowInsecureTls,
  execPlugins,
  secretName,
  proof,
  image,
} = setupOptions;

/** What says which keys are meant, where they are and how they are proven, to `setup` and to `rotate` alike. */
const bothKnow = {
  registry,
  tenant,
  cloud,
  auth,
  namespace,
  namespaceSelector,
  context,
  kubeconfig,
  clusterId,
  allowInsecureTls,
  execPlugins,
  secretName,
  proof,
  image,
};

/** The keys of a result: what they live decides when they are renewed. */
type Keys = ReadonlyArray<KeyLife>;

/** How long before the end of the first key all of them are renewed, in milliseconds. */
export function renewalTimeMs(keys: Keys): number {
  // With the longest of several, the others would be renewed again and again.
  return Math.min(...[...keys, unknownLife].map(renewalWindowMs));
}

const unknownLife: KeyLife = { createdAt: null, expiresAt: null };

/**
 * The command line that, run again and again, renews in time what this `setup` wrote.
 * @param keys the keys that it wrote
 */
export function renewalCommand(
  { program, given, environment }: Pick<CommandContext, "program" | "given" | "environment">,
  keys: Keys,
): string {
  const { ifExpiringWithin, grace } = rotateOptions;
  const withinMs = renewalTimeMs(keys);
  // The usual grace is over before the next renewal, but for keys that live hardly longer than that.
  const needsGrace = withinMs * 2 < usualGraceMs;
  const options = { ...bothKnow, ifExpiringWithin, ...(needsGrace ? { grace } : {}) };
  const when = new Map(given).set("ifExpiringWithin", fromFlag(withinMs));
  if (needsGrace) when.set("grace", fromFlag(Math.max(withinMs, shortestGraceMs)));
  return equivalentCommand(program, "rotate", options, when, environment);
}

const usualGraceMs = 24 * 3_600_000;
const shortestGraceMs = 30 * 60_000;

function fromFlag(milliseconds: number) {
  return { texts: [formatDuration(milliseconds)], source: "flag" as const };
}
