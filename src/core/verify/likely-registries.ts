import { imageName } from "../../domain/image-name.ts";
import { registryHostOf } from "../../domain/login-server.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { NamespaceFacts } from "../checks/facts.ts";
import { registryNamed } from "../cluster/registry-meant.ts";
import { entriesOf, type IsRegistry, type Wanted } from "./entries.ts";
import type { AzureSight } from "./look-at-azure.ts";

/** What may show the registry, apart from the secret itself. */
interface Around {
  readonly wanted: Wanted | undefined;
  readonly isRegistry: IsRegistry;
  readonly everywhere: () => Promise<readonly PullSecret[]>;
  readonly azure: Pick<AzureSight, "registries">;
}

/**
 * The registries that a secret may be meant for, as commands name them. The first source that says anything decides:
 * the user's choice, the secret itself, the images of the namespace's pods, other secrets, and Azure.
 */
export async function likelyRegistries(
  secret: PullSecret | undefined,
  { pods }: Pick<NamespaceFacts, "pods">,
  { wanted, isRegistry, everywhere, azure }: Around,
): Promise<readonly string[]> {
  if (wanted) return [wanted.text];
  const own = namesIn(secret ? [secret] : [], isRegistry);
  if (own.length > 0) return own;
  const living = (pods.known ? pods.value : []).filter(({ over }) => !over);
  const hosts = living.flatMap(({ containers }) =>
    containers.map(({ image }) => registryHostOf(imageName(image).host)),
  );
  const pulled = [...new Set(hosts.filter(isRegistry))];
  if (pulled.length > 0) return pulled;
  const others = namesIn(await everywhere(), isRegistry);
  if (others.length > 0) return others;
  const all = await azure.registries();
  return all.known ? all.value.map(({ name }) => name).toSorted() : [];
}

/** The registries that secrets are for, by their marks or else by the hosts in them. */
function namesIn(secrets: readonly PullSecret[], isRegistry: IsRegistry): string[] {
  const byHost = new Map<string, string>();
  for (const secret of secrets) {
    for (const { host } of entriesOf(secret, { isRegistry, wanted: undefined })) byHost.set(host, host);
    for (const [loginServer, { registry }] of Object.entries(secret.marks))
      byHost.set(loginServer, registryNamed({ registry, loginServer }));
  }
  return [...new Set(byHost.values())];
}
