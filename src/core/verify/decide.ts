import { closestName } from "../../domain/closest-name.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { isManaged, type EntryMark } from "../../domain/ownership.ts";
import { troubleOf, type PullSecret } from "../../domain/pull-secret.ts";
import type { Registry } from "../../domain/registry.ts";
import { tokenWriterOf } from "../../domain/token-writer.ts";
import { askAll, type Check, type CheckResult, type Known } from "../checks/check.ts";
import { aks } from "../checks/cluster/aks.ts";
import { pod } from "../checks/cluster/pod.ts";
import { serviceAccount } from "../checks/cluster/service-account.ts";
import { expiry } from "../checks/credential/expiry.ts";
import { passwordPlace } from "../checks/credential/password-place.ts";
import { password } from "../checks/credential/password.ts";
import { principal } from "../checks/credential/principal.ts";
import { pullScope } from "../checks/credential/pull-scope.ts";
import { renewal } from "../checks/credential/renewal.ts";
import { roleAssignment } from "../checks/credential/role-assignment.ts";
import { roleCondition } from "../checks/credential/role-condition.ts";
import { roleMode } from "../checks/credential/role-mode.ts";
import { roleWidth } from "../checks/credential/role-width.ts";
import { secondEntry } from "../checks/credential/second-entry.ts";
import { signIn } from "../checks/credential/sign-in.ts";
import type {
  ClusterFacts,
  EntryFacts,
  NamespaceFacts,
  PodFacts,
  SecretFacts,
  SecretOutcome,
  SecretPlace,
} from "../checks/facts.ts";
import { token } from "../checks/credential/token.ts";
import { anonymousPull } from "../checks/registry/anonymous-pull.ts";
import { host } from "../checks/registry/host.ts";
import { imagePlatform } from "../checks/registry/image-platform.ts";
import { image } from "../checks/registry/image.ts";
import { networkRules } from "../checks/registry/network-rules.ts";
import { reachable } from "../checks/registry/reachable.ts";
import { secretParses } from "../checks/secret/secret-parses.ts";
import { secretPresent } from "../checks/secret/secret-present.ts";
import { secretReadable } from "../checks/secret/secret-readable.ts";
import { secretRegistry } from "../checks/secret/secret-registry.ts";
import { secretType } from "../checks/secret/secret-type.ts";
import { namespaceNames } from "../cluster/missing-namespaces.ts";
import type { ClusterReads } from "../ports.ts";
import { mayHoldYoungKey } from "../proof/credential-state.ts";
import type { CheckedSubject, VerifyInput } from "./contract.ts";
import { contentOf, entriesOf, isFor, type IsRegistry } from "./entries.ts";
import { likelyRegistries } from "./likely-registries.ts";
import { seeEntry, type EntrySight } from "./look-at-entry.ts";
import type { ChosenSecret } from "./look-at-namespace.ts";
import { seen } from "./look-at-registry.ts";

/** What is needed to look at the secrets of one cluster. */
export interface SecretSight extends EntrySight {
  readonly input: VerifyInput;
  readonly cluster: ClusterReads;
  readonly isRegistry: IsRegistry;
  /** The registries in question that the nodes pull from by their own identity. */
  readonly attached: ReadonlyArray<Pick<Registry, "name" | "loginServer">>;
  /** Whether the cloud could be asked which hosts are its registries. */
  readonly cloud: Known<unknown>;
  /** The cluster's id; undefined if it may not be read. Read only if a secret or an entry needs a fix. */
  readonly clusterId: () => Promise<string | undefined>;
  /** Every pull secret of the cluster that may be seen. Listed only if a secret is missing or shows no registry. */
  readonly everywhere: () => Promise<readonly PullSecret[]>;
}

/** What was found about a secret: for people, and for the pods that name it. */
export interface VerifiedSecret {
  readonly subjects: readonly CheckedSubject[];
  readonly outcome: SecretOutcome;
  readonly entries: readonly EntryFacts[];
}

/** Looks at one secret, and at each entry in it that is for an Azure registry. */
export async function verifySecret(
  chosen: ChosenSecret,
  inNamespace: NamespaceFacts,
  sight: SecretSight,
  signal: AbortSignal,
): Promise<VerifiedSecret> {
  const { context, namespace } = inNamespace;
  const place = { context, namespace, name: chosen.name };
  const content = contentOf(chosen.secret);
  const { input, isRegistry, wanted } = sight;
  const entries = entriesOf(chosen.secret, { isRegistry, wanted, image: input.image });
  const reconciled = chosen.secret && troubleOf(chosen.secret, "reconciled");
  const writtenBy = reconciled && inOneLine(reconciled.by);
  const facts: SecretFacts = {
    ...content,
    ...(await absence(chosen, place, sight, signal)),
    place,
    secret: chosen.secret,
    writtenBy,
    forbidden: chosen.forbidden,
    isNeeded: chosen.isNeeded,
    withoutSecret: chosen.isNamed ? [] : sight.attached.map(({ name }) => name),
    wanted: sight.wanted?.text,
    wantedHost: sight.wanted?.loginServer,
    wantedMissing: sight.wanted?.isMissing ?? false,
    registryMeant: sight.wanted?.meant,
    isOfAnotherCluster:
      entries.length === 0 && (await isOfAnother(Object.values(chosen.secret?.marks ?? {}), sight)),
    registries: chosen.forbidden ? [] : await likelyRegistries(chosen.secret, inNamespace, sight),
    cloud: sight.cloud,
    registryKeys: entries.map(({ key }) => key),
    suggest: input.suggest,
  };
  const ofSecret = askAll(secretChecks, facts);
  const hosts = new Set(entries.map((entry) => entry.host));
  const { secret } = chosen;
  const at = secret && {
    place,
    inNamespace,
    hosts,
    writtenBy,
    mayBeYoung: mayHoldYoungKey(secret, sight.cluster),
    tokenWriter: tokenWriterOf(secret),
  };
  // Without a secret there are no entries.
  const seenEntries = at ? await Promise.all(entries.map((one) => seeEntry(one, at, input, sight))) : [];
  const ofEntries = await Promise.all(seenEntries.map((entry) => askEntry(entry, ofSecret, sight)));
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

async function askEntry(entry: EntryFacts, ofSecret: readonly CheckResult[], sight: SecretSight) {
  // A left-over entry serves nobody, so it does not matter what it holds.
  const questions = entry.isLeftOver ? [host] : entryChecks;
  const checks = askAll(questions, entry, ofSecret);
  const isToFix = checks.some(({ status }) => status === "fail" || status === "warn");
  if (entry.mark === undefined || !isToFix) return { entry, checks };
  // The cluster that the entry was made for decides only how to fix it.
  if (!(await isOfAnother([entry.mark], sight))) return { entry, checks };
  const told = { ...entry, isOfAnotherCluster: true };
  return { entry: told, checks: askAll(questions, told, ofSecret) };
}

/** Whether marks were made for another cluster, as far as acr-pull can tell. */
async function isOfAnother(
  marks: ReadonlyArray<Pick<EntryMark, "clusterId">>,
  { clusterId }: Pick<SecretSight, "clusterId">,
): Promise<boolean> {
  if (marks.length === 0) return false;
  const id = await clusterId();
  return id !== undefined && marks.some((mark) => mark.clusterId !== id);
}

function firstFailure(checks: readonly CheckResult[]): CheckResult | undefined {
  return checks.find(({ status }) => status === "fail");
}

/** Why a secret does not exist, as far as acr-pull can see. */
async function absence(
  { secret, forbidden, isNeeded, name }: ChosenSecret,
  { namespace }: SecretPlace,
  { cluster, everywhere, isRegistry, wanted }: SecretSight,
  signal: AbortSignal,
): Promise<Pick<SecretFacts, "namespaceMissing" | "elsewhere" | "meant">> {
  if (secret || forbidden || !isNeeded) return { namespaceMissing: false, elsewhere: [], meant: undefined };
  const [home, all] = await Promise.all([
    seen(cluster.findNamespace(namespace, signal), signal),
    everywhere(),
  ]);
  const alike = all.filter((one) => isFor(one, { isRegistry, wanted }));
  const elsewhere = alike.filter((one) => one.name === name).map((one) => one.namespace);
  if (home.known && home.value === undefined) {
    const names = await namespaceNames([cluster], signal);
    return { namespaceMissing: true, elsewhere, meant: closestName(namespace, names) };
  }
  const beside = alike.filter((one) => one.namespace === namespace).map((one) => one.name);
  return { namespaceMissing: false, elsewhere, meant: closestName(name, beside) };
}

/* All checks, in the order in which they are shown: causes before what they cause. */

export const clusterChecks: ReadonlyArray<Check<ClusterFacts>> = [aks];

const secretChecks: ReadonlyArray<Check<SecretFacts>> = [
  secretReadable,
  secretPresent,
  secretType,
  secretParses,
  secretRegistry,
];

const entryChecks: ReadonlyArray<Check<EntryFacts>> = [
  host,
  reachable,
  networkRules,
  anonymousPull,
  token,
  principal,
  expiry,
  renewal,
  password,
  passwordPlace,
  signIn,
  secondEntry,
  roleAssignment,
  roleMode,
  roleCondition,
  roleWidth,
  pullScope,
  image,
  imagePlatform,
  serviceAccount,
];

export const podChecks: ReadonlyArray<Check<PodFacts>> = [pod];
