import { closestName } from "../domain/closest-name.ts";
import { imageName } from "../domain/image-name.ts";
import { registryHostOf } from "../domain/login-server.ts";
import { isManaged } from "../domain/ownership.ts";
import { troubleOf, type PullSecret } from "../domain/pull-secret.ts";
import { askAll, firstFailure, type Check } from "./check.ts";
import { serviceAccount } from "./checks/cluster.ts";
import { credentialChecks } from "./checks/credential.ts";
import { pullChecks } from "./checks/pull.ts";
import { hostCheck, registryChecks } from "./checks/registry.ts";
import { secretChecks } from "./checks/secret.ts";
import type { CheckedTarget } from "./contract.ts";
import { contentOf, entriesOf } from "./entries.ts";
import type { Absence, EntryFacts, SecretFacts, SecretOutcome, SecretPlace } from "./facts.ts";
import { valueOf } from "./known.ts";
import { seeEntry } from "./look-at-entry.ts";
import { isFor, type ChosenSecret, type SeenNamespace } from "./look-at-namespace.ts";
import type { ClusterRun } from "./run.ts";

/** What was found about a secret: for people, and for the pods that name it. */
export interface VerifiedSecret {
  readonly targets: readonly CheckedTarget[];
  readonly outcome: SecretOutcome;
}

/** All checks of an entry, in the order in which they are shown: causes before what they cause. */
const entryChecks: ReadonlyArray<Check<EntryFacts>> = [
  ...registryChecks,
  ...credentialChecks,
  ...pullChecks,
  serviceAccount,
];

/** Looks at one secret, and at each entry in it that is for an Azure registry. */
export async function verifySecret(
  chosen: ChosenSecret,
  space: SeenNamespace,
  run: ClusterRun,
): Promise<VerifiedSecret> {
  const { name, secret, forbidden } = chosen;
  const { context, namespace } = space;
  const place = { context, namespace, name };
  const content = contentOf(secret);
  const entries = entriesOf(secret, run, run.input.image);
  const facts: SecretFacts = {
    ...content,
    place,
    secret,
    forbidden,
    writtenBy: secret && troubleOf(secret, "reconciled")?.by,
    registryKeys: entries.map(({ key }) => key),
    wanted: run.wanted,
    registries: forbidden ? [] : await likelyRegistries(secret, space, run),
    cloud: run.cloud,
    absence: await absenceOf(chosen, place, run),
    suggest: run.input.suggest,
  };
  const ofSecret = askAll(secretChecks, facts);
  const hosts = new Set(entries.map(({ host }) => host));
  // Without a secret there are no entries.
  const seenEntries = secret
    ? await Promise.all(
        entries.map((entry) => seeEntry(entry, { secret, facts, inNamespace: space, hosts }, run)),
      )
    : [];
  const ofEntries = seenEntries.map((entry) => ({
    entry,
    // A left-over entry serves nobody, so it does not matter what it holds.
    checks: askAll(entry.isLeftOver ? [hostCheck] : entryChecks, entry, ofSecret),
  }));
  const target = { context, namespace, secret: name };
  return {
    targets: [
      { target, checks: ofSecret },
      ...ofEntries.map(({ entry, checks }) => ({ target: { ...target, host: entry.host }, checks })),
    ],
    outcome: {
      name,
      config: content.config,
      isOurs: secret !== undefined && isManaged(secret),
      failed: firstFailure(ofSecret),
      entries: new Map(ofEntries.map(({ entry, checks }) => [entry.key, firstFailure(checks)])),
    },
  };
}

/** Why a secret does not exist, as far as acr-pull can see. */
async function absenceOf(
  { secret, forbidden, isNeeded, isNamed, name }: ChosenSecret,
  { namespace }: SecretPlace,
  run: ClusterRun,
): Promise<Absence> {
  const nodesPullFrom = isNamed ? [] : run.attached.map((registry) => registry.name);
  const nothing = { isNeeded, nodesPullFrom, namespaceMissing: false, meant: undefined, elsewhere: [] };
  if (secret || forbidden || !isNeeded) return nothing;
  const { cluster } = run;
  const [namespaceMissing, all] = await Promise.all([cluster.isMissing(namespace), cluster.everySecret()]);
  // Other secrets like it are extra information, so a failure counts as none.
  const alike = (valueOf(all) ?? []).filter((one) => isFor(one, run));
  const elsewhere = alike.filter((one) => one.name === name).map((one) => one.namespace);
  const near = namespaceMissing
    ? closestName(namespace, await cluster.namespaceNames())
    : closestName(
        name,
        alike.filter((one) => one.namespace === namespace).map((one) => one.name),
      );
  return { ...nothing, namespaceMissing, meant: near, elsewhere };
}

/**
 * The registries that a secret may be meant for, as commands name them. The first source that says anything decides:
 * the user's choice, the secret itself, the images of the namespace's pods, other secrets, and Azure.
 */
async function likelyRegistries(
  secret: PullSecret | undefined,
  { pods }: SeenNamespace,
  { wanted, isRegistry, cluster, azure }: ClusterRun,
): Promise<readonly string[]> {
  if (wanted) return [wanted.text];
  const hostsIn = (secrets: readonly PullSecret[]) => [
    ...new Set(secrets.flatMap((one) => entriesOf(one, { isRegistry, wanted }).map(({ host }) => host))),
  ];
  const own = hostsIn(secret ? [secret] : []);
  if (own.length > 0) return own;
  const living = (valueOf(pods) ?? []).filter(({ over }) => !over);
  const images = living.flatMap(({ containers }) => containers.map(({ image }) => imageName(image).host));
  const pulled = [...new Set(images.map(registryHostOf).filter(isRegistry))];
  if (pulled.length > 0) return pulled;
  const others = hostsIn(valueOf(await cluster.everySecret()) ?? []);
  if (others.length > 0) return others;
  return (valueOf(await azure.registries()) ?? []).map(({ name }) => name).toSorted();
}
