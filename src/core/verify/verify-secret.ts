import { inOneLine } from "../../domain/in-one-line.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { isManaged, reconcilerOf } from "../../domain/ownership.ts";
import { askAll, type CheckResult, type Known } from "../checks/check.ts";
import type { EntryFacts, NamespaceFacts, SecretFacts, SecretOutcome, SecretPlace } from "../checks/facts.ts";
import type { ClusterReads } from "../ports.ts";
import type { CheckedSubject, VerifyInput } from "./contract.ts";
import { host } from "../checks/registry/host.ts";
import { entryChecks, secretChecks } from "./all-checks.ts";
import { contentOf, entriesOf, isFor, type IsRegistry } from "./entries.ts";
import { seeEntry, type EntrySight } from "./see-entry.ts";
import type { ChosenSecret } from "./see-namespace.ts";
import { seen } from "./seeing.ts";

/** What secrets are looked at with, in one cluster. */
export interface SecretSight extends EntrySight {
  readonly cluster: ClusterReads;
  readonly isRegistry: IsRegistry;
  /** Whether the cloud could be asked which hosts are its registries. */
  readonly cloud: Known<unknown>;
  /** Every pull secret of the cluster that may be seen; asked for only where one is missing. */
  readonly everywhere: () => Promise<readonly PullSecret[]>;
}

/** What was found of a secret: for people, and for the pods that name it. */
export interface VerifiedSecret {
  readonly subjects: readonly CheckedSubject[];
  readonly outcome: SecretOutcome;
  readonly entries: readonly EntryFacts[];
}

/** Looks at one secret, and at each entry in it that is for a registry of Azure. */
export async function verifySecret(
  chosen: ChosenSecret,
  inNamespace: NamespaceFacts,
  input: VerifyInput,
  sight: SecretSight,
  signal: AbortSignal,
): Promise<VerifiedSecret> {
  const { context, namespace } = inNamespace;
  const place = { context, namespace, name: chosen.name };
  const content = contentOf(chosen.secret);
  const entries =
    chosen.secret && content.config
      ? entriesOf(chosen.secret, content.config, sight.isRegistry, sight.wanted, input.image)
      : [];
  const reconciler = chosen.secret && reconcilerOf(chosen.secret);
  const writtenBy = reconciler && inOneLine(reconciler);
  const facts: SecretFacts = {
    ...content,
    ...(await absence(chosen, place, sight, signal)),
    place,
    secret: chosen.secret,
    writtenBy,
    forbidden: chosen.forbidden,
    isNeeded: chosen.isNeeded,
    wanted: sight.wanted?.text,
    wantedHost: sight.wanted?.loginServer,
    wantedMissing: sight.wanted?.isMissing ?? false,
    cloud: sight.cloud,
    registryKeys: entries.map(({ key }) => key),
    suggest: input.suggest,
  };
  const ofSecret = askAll(secretChecks, facts);
  const hosts = new Set(entries.map((entry) => entry.host));
  const at = { place, inNamespace, now: sight.cluster.serverTime(), hosts, writtenBy };
  const seenEntries = await Promise.all(entries.map((entry) => seeEntry(entry, at, input, sight)));
  const ofEntries = seenEntries.map((entry) => ({
    entry,
    // What serves nobody harms nobody, whatever it holds.
    checks: askAll(entry.isLeftOver ? [host] : entryChecks, entry, ofSecret),
  }));
  const subject = { context, namespace, secret: chosen.name };
  return {
    entries: seenEntries,
    subjects: [
      { subject, checks: ofSecret },
      ...ofEntries.map(({ entry, checks }) => ({ subject: { ...subject, host: entry.host }, checks })),
    ],
    outcome: {
      name: chosen.name,
      config: content.config,
      isOurs: chosen.secret !== undefined && isManaged(chosen.secret),
      failed: firstFailure(ofSecret),
      entries: new Map(ofEntries.map(({ entry, checks }) => [entry.key, firstFailure(checks)])),
    },
  };
}

function firstFailure(checks: readonly CheckResult[]): CheckResult | undefined {
  return checks.find(({ status }) => status === "fail");
}

/** Why a secret is not there, as far as that can be seen. */
async function absence(
  { secret, forbidden, isNeeded, name }: ChosenSecret,
  { namespace }: SecretPlace,
  { cluster, everywhere, isRegistry, wanted }: SecretSight,
  signal: AbortSignal,
): Promise<Pick<SecretFacts, "namespaceMissing" | "elsewhere">> {
  if (secret || forbidden || !isNeeded) return { namespaceMissing: false, elsewhere: [] };
  const [home, all] = await Promise.all([
    seen(cluster.findNamespace(namespace, signal), signal),
    everywhere(),
  ]);
  return {
    namespaceMissing: home.known && home.value === undefined,
    elsewhere: all
      .filter((one) => one.name === name && isFor(one, isRegistry, wanted))
      .map((one) => one.namespace),
  };
}
