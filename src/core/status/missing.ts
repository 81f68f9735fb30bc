import { asking, closestName } from "../../domain/closest-name.ts";
import { missingNamespaces } from "../cluster/missing-namespaces.ts";
import { isMeant, namedAs, nearRegistry, registryName } from "../cluster/registry-meant.ts";
import type { ClusterView } from "../cluster/view.ts";
import type { MissingThing, StatusInput } from "./contract.ts";

/** A managed secret, and one registry that its marks name. */
interface Entry {
  readonly namespace: string;
  readonly name: string;
  /** Undefined if the marks cannot be read: the secret may be for any registry. */
  readonly registry: { readonly loginServer: string; readonly id: string } | undefined;
}

/** The names that status was asked for. */
type Wish = Pick<StatusInput, "namespaces" | "namespaceSelector" | "secretName" | "registry">;

/**
 * Finds what was asked for by name and has no entry of ours. A user who watches a misspelt name, or a namespace whose
 * secret is gone, must not read that all is in order.
 */
export async function findMissing(
  wish: Wish,
  seen: readonly ClusterView[],
  signal: AbortSignal,
): Promise<MissingThing[]> {
  const entries = seen.flatMap(entriesIn);
  const { secretName } = wish;
  const isNamed = (entry: Entry) => secretName === undefined || entry.name === secretName;
  const unnamed = [
    ...(entries.some((entry) => isOf(entry, wish)) ? [] : missingRegistry(wish, entries)),
    ...(entries.some(isNamed) ? [] : missingSecret(wish, entries)),
  ];
  if (unnamed.length > 0) return [...unnamed, ...(await absentNamespaces(wish, entries, seen, signal))];
  const found = entries.filter((entry) => isOf(entry, wish) && isNamed(entry));
  const unseen = new Set(seen.flatMap(({ missed }) => missed.map(({ namespace }) => namespace)));
  const empty = wish.namespaces.filter(
    (namespace) => !unseen.has(namespace) && !found.some((entry) => entry.namespace === namespace),
  );
  const absent = await absentNamespaces({ ...wish, namespaces: empty }, entries, seen, signal);
  const isAbsent = (namespace: string) => absent.some(({ name }) => name === namespace);
  const bare = empty
    .filter((namespace) => !isAbsent(namespace))
    .map((namespace) => noEntry("namespace", namespace, `in the namespace ${namespace} `, wish));
  if (absent.length + bare.length > 0) return [...absent, ...bare];
  return nothingChosen(wish, found, seen);
}

/** For when no name alone is to blame: the labels choose namespaces without an entry, or no entry has all the names. */
function nothingChosen(wish: Wish, found: readonly Entry[], seen: readonly ClusterView[]): MissingThing[] {
  const { namespaceSelector, secretName, namespaces } = wish;
  const isChosen = ({ namespace }: Entry) =>
    seen.some((view) => view.namespaces === undefined || view.namespaces.has(namespace));
  if (namespaces.length > 0 || found.some(isChosen)) return [];
  if (namespaceSelector !== undefined)
    return [
      noEntry(
        "namespace",
        namespaceSelector,
        `in the namespaces with the labels ${namespaceSelector} `,
        wish,
      ),
    ];
  return secretName === undefined || wish.registry === undefined
    ? []
    : [noEntry("secret", secretName, "", wish)];
}

function entriesIn({ secrets }: ClusterView): Entry[] {
  return secrets.flatMap(({ namespace, name, marks }): Entry[] => {
    const registries = Object.entries(marks);
    if (registries.length === 0) return [{ namespace, name, registry: undefined }];
    return registries.map(([loginServer, { registry: id }]) => ({
      namespace,
      name,
      registry: { loginServer, id },
    }));
  });
}

function isOf({ registry }: Entry, { registry: asked }: Pick<Wish, "registry">): boolean {
  return registry === undefined || isMeant(asked, registry.loginServer, registry.id);
}

function missingRegistry({ registry }: Wish, entries: readonly Entry[]): MissingThing[] {
  if (registry === undefined) return [];
  const name = namedAs(registry);
  const known = entries.flatMap(({ registry: one }) =>
    one ? [{ name: registryName(one.id, one.loginServer), loginServer: one.loginServer }] : [],
  );
  const meant = nearRegistry(registry, known);
  return [missing("registry", name, `No secret has an entry for ${name}.`, meant)];
}

function missingSecret({ secretName }: Wish, entries: readonly Entry[]): MissingThing[] {
  if (secretName === undefined) return [];
  const meant = closestName(
    secretName,
    entries.map(({ name }) => name),
  );
  const message = `No secret ${secretName} has an entry that acr-pull manages.`;
  return [missing("secret", secretName, message, meant)];
}

async function absentNamespaces(
  { namespaces }: Pick<Wish, "namespaces">,
  entries: readonly Entry[],
  seen: readonly ClusterView[],
  signal: AbortSignal,
): Promise<MissingThing[]> {
  const doubtful = namespaces.filter((name) => !entries.some(({ namespace }) => namespace === name));
  const clusters = seen.map(({ cluster }) => cluster);
  const found = await missingNamespaces(doubtful, clusters, signal);
  return found.map((one) => ({ kind: "namespace", ...one }));
}

function noEntry(
  kind: MissingThing["kind"],
  name: string,
  where: string,
  { registry, secretName }: Wish,
): MissingThing {
  const which = secretName === undefined ? "No secret " : `No secret ${secretName} `;
  const what = registry === undefined ? "that acr-pull manages" : `for ${namedAs(registry)}`;
  return { kind, name, message: `${which}${where}has an entry ${what}.` };
}

function missing(
  kind: MissingThing["kind"],
  name: string,
  sentence: string,
  meant: string | undefined,
): MissingThing {
  return { kind, name, message: asking(sentence, meant), ...(meant !== undefined && { didYouMean: meant }) };
}
