import type { NodePlatform } from "../../domain/kubernetes-objects.ts";
import { registryHostOf, registryNameIn } from "../../domain/login-server.ts";
import type { AccessedRegistry } from "../../domain/registry.ts";
import { repositoriesIn } from "../../domain/role.ts";
import type { TokenWriter } from "../../domain/token-writer.ts";
import { known, unknown, type Known } from "../checks/check.ts";
import { isPrincipal as namesPrincipal } from "../checks/credential/outcomes.ts";
import type { EntryFacts, NamespaceFacts, SecretPlace } from "../checks/facts.ts";
import type { Clock, ProofImage } from "../ports.ts";
import { proofImage } from "../proof/prove-pull.ts";
import type { VerifyInput } from "./contract.ts";
import type { Entry, Wanted } from "./entries.ts";
import type { AzureSight } from "./look-at-azure.ts";
import type { RegistrySight, Tried } from "./look-at-registry.ts";

/** What is needed to look at an entry. */
export interface EntrySight {
  readonly azure: AzureSight;
  readonly registries: RegistrySight;
  /** Whether a password may be sent to a host. */
  readonly maySend: (host: string) => boolean;
  readonly wanted: Wanted | undefined;
  /** This machine's clock. */
  readonly clock: Pick<Clock, "now">;
  readonly nodes: Known<readonly NodePlatform[]>;
  /** The hosts that should have the image that was named; undefined for every host that has an entry. */
  readonly imageHosts: ReadonlySet<string> | undefined;
}

const settled = unknown("Entra was not asked: the registry decides.");
const nobodyAsked = unknown("Neither the registry nor Entra was asked.");

/** Gathers the facts about one entry. The registry and Azure are asked side by side. */
export async function seeEntry(
  entry: Entry,
  {
    hosts,
    ...at
  }: {
    readonly place: SecretPlace;
    readonly inNamespace: NamespaceFacts;
    readonly writtenBy: string | undefined;
    readonly mayBeYoung: boolean;
    readonly tokenWriter: TokenWriter;
    /** The hosts of all entries in the secret. */
    readonly hosts: ReadonlySet<string>;
  },
  input: Pick<VerifyInput, "image" | "serviceAccounts" | "suggest">,
  sight: EntrySight,
): Promise<EntryFacts> {
  const { host, credential, second, mark } = entry;
  const { azure, registries, maySend } = sight;
  const isPrincipal = namesPrincipal({ credential });
  const noPrincipal = unknown("Its user name is not an application's id.");
  const named = sight.imageHosts?.has(host) === false ? undefined : input.image;
  const image = proofImage({ image: named, repositories: [] });
  const mayAsk = maySend(registryHostOf(host));
  const [registry, application, principal, first, other] = await Promise.all([
    registryFor(entry, sight),
    isPrincipal ? azure.application(credential.username) : noPrincipal,
    isPrincipal ? azure.principal(credential.username) : noPrincipal,
    mayAsk ? registries.pull(host, credential, image) : undefined,
    mayAsk && second ? registries.pull(host, second, { repository: image.repository }) : undefined,
  ]);
  const found = registry.known ? registry.value : undefined;
  const objectId = principal.known ? principal.value?.objectId : undefined;
  const refused = outcomeOf(first)?.kind !== "allowed" && outcomeOf(first)?.kind !== "image-missing";
  const isUnknown = isPrincipal && principal.known && principal.value === undefined;
  const [roles, signIn, meant, passwordPolicy] = await Promise.all([
    found && objectId !== undefined
      ? azure.roles(found.id, objectId)
      : registry.known && principal.known
        ? unknown(
            found
              ? "Without a service principal there are no roles to check."
              : "The registry was not found in Azure, so its role assignments are not known.",
          )
        : registry.known
          ? (principal as Known<never>)
          : registry,
    (isPrincipal && outcomeOf(first)?.kind === "refused") || (isPrincipal && first?.kind === "unreachable")
      ? azure.signIn(credential)
      : outcomeOf(first)
        ? settled
        : nobodyAsked,
    isUnknown && refused ? azure.applicationOfObject(credential.username) : noPrincipal,
    application.known && application.value ? azure.passwordPolicy(application.value) : noPrincipal,
  ]);
  const limited = roles.known
    ? roles.value.flatMap(({ assignment }) => repositoriesIn(assignment.condition ?? ""))
    : [];
  // If the role is limited to repositories and no image was named, one of those repositories shows whether pulls work.
  const chosen =
    named === undefined && limited.length > 0 && refused && outcomeOf(first)?.kind === "no-pull-scope"
      ? proofImage({ image: undefined, repositories: limited })
      : image;
  const tried = chosen === image ? first : await registries.pull(host, credential, chosen);
  const outcome = outcomeOf(tried);
  const expectedHost = found?.loginServer ?? sight.wanted?.loginServer;
  return {
    ...at,
    now: await azure.now(sight.clock),
    key: entry.key,
    host,
    mark,
    // Found out later, and only if something has to be fixed.
    isOfAnotherCluster: false,
    credential,
    expectedHost,
    isLeftOver:
      expectedHost !== undefined && registryHostOf(host) !== expectedHost && hosts.has(expectedHost),
    registry,
    unreachable: tried?.kind === "unreachable" ? tried.error : undefined,
    pull: outcome,
    image: chosen,
    imageIsNamed: named !== undefined || chosen !== image,
    signIn,
    application,
    principal,
    passwordPolicy,
    meantApplication: meant.known ? meant.value : undefined,
    roles,
    second: outcomeOf(other),
    platforms: await platformsOf(outcome?.kind, entry, chosen, sight),
    nodes: sight.nodes,
    wantedAccounts: input.serviceAccounts,
    suggest: input.suggest,
  };
}

function outcomeOf(tried: Tried | undefined) {
  return tried?.kind === "answered" ? tried.outcome : undefined;
}

async function platformsOf(
  outcome: string | undefined,
  { host, credential }: Entry,
  image: ProofImage,
  { registries, nodes }: EntrySight,
): Promise<Known<readonly string[]>> {
  if (outcome !== "allowed" || image.tag === undefined || !nodes.known) {
    return unknown("The platforms of the image were not read.");
  }
  return registries.platforms(host, credential, image);
}

/**
 * The registry that an entry is meant for: the one that its mark names, else the one with that login server, else the
 * one that was asked for, else the one whose name somebody took for a login server.
 */
async function registryFor(
  { host, mark }: Entry,
  { azure, wanted }: EntrySight,
): Promise<Known<AccessedRegistry | undefined>> {
  if (mark?.registry.startsWith("/") === true) {
    const marked = await azure.registryById(mark.registry);
    if (!marked.known || marked.value) return marked;
  }
  const all = await azure.registries();
  if (!all.known) return all;
  const whole = registryHostOf(host);
  const byHost = all.value.find(({ loginServer }) => loginServer === whole);
  const meant = wanted && all.value.find(({ loginServer }) => loginServer === wanted.loginServer);
  const byName = all.value.filter(({ name }) => name.toLowerCase() === registryNameIn(host));
  const found = byHost ?? meant ?? (byName.length === 1 ? byName[0] : undefined);
  return found ? known(found) : azure.noRegistry();
}
