import { registryHostOf, registryNameIn } from "../domain/login-server.ts";
import { isManaged, isUniqueName, keyOrigin } from "../domain/ownership.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import type { AccessedRegistry } from "../domain/registry.ts";
import { repositoriesIn } from "../domain/role.ts";
import { isPrincipal as namesPrincipal } from "./checks/credential.ts";
import type { AzureSight } from "./azure-sight.ts";
import type { Entry } from "./entries.ts";
import type { EntryFacts, NamespaceFacts, SecretFacts } from "./facts.ts";
import { known, unknown, valueOf, type Known } from "./known.ts";
import type { Tried } from "./registry-sight.ts";
import type { ClusterRun } from "./run.ts";

/** The secret that an entry is in. */
interface Around {
  readonly secret: PullSecret;
  readonly facts: Pick<SecretFacts, "place" | "writtenBy" | "suggest">;
  readonly inNamespace: NamespaceFacts;
  /** The hosts of all entries in the secret. */
  readonly hosts: ReadonlySet<string>;
}

/** A repository that most likely does not exist. Whether it does makes no difference to the right to pull from it. */
const anyRepository = "acr-pull-proof";

const notAsked: Tried = {};

/** Gathers the facts about one entry. The registry and Azure are asked side by side. */
export async function seeEntry(
  { key, host, credential, second }: Entry,
  { secret, facts: { place, writtenBy, suggest }, inNamespace, hosts }: Around,
  run: ClusterRun,
): Promise<EntryFacts> {
  const { azure, registries, input, wanted } = run;
  const isPrincipal = namesPrincipal({ credential });
  const noPrincipal = unknown("Its user name is not an application's id.");
  const mayAsk = run.maySend(registryHostOf(host));
  const named = input.image ?? { repository: anyRepository };
  const [registry, application, principal, first, other] = await Promise.all([
    registryFor(host, run),
    isPrincipal ? azure.application(credential.username) : noPrincipal,
    isPrincipal ? azure.principal(credential.username) : noPrincipal,
    mayAsk ? registries.pull(host, credential, named) : notAsked,
    mayAsk && second ? registries.pull(host, second, { repository: named.repository }) : notAsked,
  ]);
  const found = valueOf(registry);
  const { outcome, unreachable } = first;
  const refused = outcome?.kind === "refused" || unreachable !== undefined;
  const isUnknown = principal.known && principal.value === undefined;
  const [roles, signIn, meant, passwordPolicy] = await Promise.all([
    rolesOn({ registry, principal }, azure),
    isPrincipal && refused ? azure.signIn(credential) : unknown("Entra was not asked."),
    isUnknown && (outcome === undefined || outcome.kind === "refused")
      ? azure.applicationOfObject(credential.username)
      : noPrincipal,
    application.known && application.value ? azure.passwordPolicy(application.value) : noPrincipal,
  ]);
  // If the role is limited to repositories and no image was named, one of those repositories shows whether pulls work.
  const [limited] = (valueOf(roles) ?? []).flatMap(({ assignment }) =>
    repositoriesIn(assignment.condition ?? ""),
  );
  const isLimited = !input.image && limited !== undefined && outcome?.kind === "no-pull-scope";
  const image = isLimited ? { repository: limited.replace(/\*$/, anyRepository) } : named;
  const pull = isLimited ? (await registries.pull(host, credential, image)).outcome : outcome;
  const expectedHost = found?.loginServer ?? wanted?.loginServer;
  return {
    place,
    writtenBy,
    inNamespace,
    key,
    host,
    credential,
    isOurs: isOurs(secret, application),
    registry,
    expectedHost,
    isLeftOver:
      expectedHost !== undefined && registryHostOf(host) !== expectedHost && hosts.has(expectedHost),
    unreachable,
    pull,
    image,
    imageIsNamed: input.image !== undefined || isLimited,
    second: other.outcome,
    signIn,
    application,
    principal,
    passwordPolicy,
    meantApplication: valueOf(meant),
    roles,
    platforms:
      pull?.kind === "allowed" && image.tag !== undefined && run.nodes.known
        ? await registries.platforms(host, credential, image)
        : unknown("The platforms of the image were not read."),
    nodes: run.nodes,
    now: (await azure.now()) ?? run.clock.now(),
    suggest,
  };
}

function isOurs(secret: PullSecret, application: EntryFacts["application"]): boolean {
  const found = valueOf(application);
  const made = !found || isUniqueName(found.uniqueName) || found.passwords.some((key) => keyOrigin(key));
  return made && isManaged(secret);
}

async function rolesOn(
  { registry, principal }: Pick<EntryFacts, "registry" | "principal">,
  azure: AzureSight,
): Promise<EntryFacts["roles"]> {
  if (!registry.known) return registry;
  if (!registry.value)
    return unknown("The registry was not found in Azure, so its role assignments are not known.");
  if (!principal.known) return principal;
  if (!principal.value) return unknown("Without a service principal there are no roles to check.");
  return azure.roles(registry.value.id, principal.value.objectId);
}

/**
 * The registry that an entry is meant for: the one with that login server, else the one that was asked for, else the
 * one whose name somebody took for a login server.
 */
async function registryFor(
  host: string,
  { azure, wanted }: Pick<ClusterRun, "azure" | "wanted">,
): Promise<Known<AccessedRegistry | undefined>> {
  const whole = registryHostOf(host);
  if (wanted?.registry?.loginServer === whole) return known(wanted.registry);
  const all = await azure.registries();
  if (!all.known) return all;
  const byHost = (loginServer: string | undefined) =>
    all.value.find((one) => one.loginServer === loginServer);
  const byName = all.value.filter(({ name }) => name.toLowerCase() === registryNameIn(host));
  const found =
    byHost(whole) ??
    wanted?.registry ??
    byHost(wanted?.loginServer) ??
    (byName.length === 1 ? byName[0] : undefined);
  return found ? known(found) : azure.noRegistry();
}
