import type { EntryState, PendingWork, StatusEntry, StatusResult } from "../../core/status/contract.ts";
import type { GivenOptions } from "../options/answers.ts";
import { pick } from "../options/option.ts";
import { sameServices } from "../options/shared-options.ts";
import { rotateOptions } from "../rotate/options.ts";
import { setupOptions } from "../setup/options.ts";
import { equivalentCommand, type Shell } from "../show/equivalent-command.ts";
import type { Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { statusOptions } from "./options.ts";

/** One entry of one secret. */
type NamespacePlace = Pick<StatusEntry, "context" | "namespace" | "name" | "loginServer">;

/** Command lines that the answer suggests, for the same clusters. */
export interface NextCommands {
  /** Renews what is about to end or has ended, and retires what is due. */
  readonly rotate: () => string;
  /** The same for secrets that a controller applies: a person fills in where their documents are. */
  readonly rotateManifest: () => string;
  /** Says what is wrong with each secret of these namespaces, and what helps. */
  readonly verify: (context: string, namespaces: readonly string[]) => string;
  /** Resumes a setup that did not finish. */
  readonly setup: (entry: NamespacePlace) => string;
  /** Grants the nodes of an AKS cluster the role that pulls from a registry. */
  readonly attach: (context: string, registry: string) => string;
  /** Takes back what is left after the secrets are gone. If no registry was asked for, a person fills in its name. */
  readonly remove: () => string;
  /** Resumes a removal that did not finish, for one secret. */
  readonly removeOne: (entry: NamespacePlace) => string;
}

/** Options for the same registry and the same clusters; `verify` and `setup --attach` take no cluster id. */
const allKnow = pick(statusOptions, "registry", "contexts", ...sameServices);
const mostKnow = pick(statusOptions, "registry", "contexts", "clusterId", ...sameServices);

/** The command lines that the answer suggests. */
export function nextCommands(shell: Shell): NextCommands {
  const { namespaces, secretName } = statusOptions;
  const { ifDue, manifest } = rotateOptions;
  const at = (place: Readonly<Record<string, readonly string[]>>): Shell => ({
    ...shell,
    given: Object.entries(place).reduce<GivenOptions>(
      (known, [name, texts]) => new Map(known).set(name, { texts, source: "flag" }),
      shell.given,
    ),
  });
  const asking = { asking: true };
  const ofEntry = { ...mostKnow, namespaces, secretName };
  const rotate = (more: Readonly<Record<string, readonly string[]>> = {}) =>
    equivalentCommand(at({ ifDue: ["true"], ...more }), "rotate", {
      ...mostKnow,
      ifDue,
      manifest,
    });
  return {
    rotate: () => rotate(),
    rotateManifest: () => rotate({ manifest: ["MANIFEST"] }),
    verify: (context, names) =>
      equivalentCommand(
        at({ contexts: [context], namespaces: names }),
        "verify",
        { ...allKnow, namespaces },
        asking,
      ),
    setup: (entry) =>
      equivalentCommand(
        at(placeOf(entry)),
        "setup",
        { ...ofEntry, secretName: setupOptions.secretName },
        asking,
      ),
    attach: (context, registry) => {
      const given = at({ contexts: [context], registry: [registry], attach: ["true"] });
      return equivalentCommand(given, "setup", { ...allKnow, attach: setupOptions.attach }, asking);
    },
    remove: () => {
      const registry = shell.given.get("registry")?.texts ?? ["REGISTRY"];
      return equivalentCommand(at({ registry }), "remove", { ...mostKnow, secretName }, asking);
    },
    removeOne: (entry) => equivalentCommand(at(placeOf(entry)), "remove", ofEntry, asking),
  };
}

/** The options that select one entry. */
function placeOf({
  context,
  namespace,
  name,
  loginServer,
}: NamespacePlace): Record<string, readonly string[]> {
  return {
    ...(loginServer !== null && { registry: [loginServer] }),
    contexts: [context],
    namespaces: [namespace],
    secretName: [name],
  };
}

const inOrder: ReadonlySet<EntryState> = new Set(["ok", "pending"]);

/** Whether an entry in this state needs no action. */
export function isInOrder(state: EntryState): boolean {
  return inOrder.has(state);
}

interface Setting {
  readonly commands: NextCommands;
  readonly width: number;
}

/** What to run next, in blocks of lines. */
export function nextLines(result: StatusResult, setting: Setting): Line[][] {
  const { commands, width } = setting;
  const { direct, applied } = byWriter(result);
  return [
    needsRotate(direct) ? [...wrapped("To fix this:", width), `  ${commands.rotate()}`] : [],
    needsRotate(applied)
      ? [
          ...wrapped("To fix what a controller applies, rotate it in its documents, and commit them:", width),
          `  ${commands.rotateManifest()}`,
        ]
      : [],
    otherLines(result, setting),
  ];
}

type Work = Pick<StatusResult, "entries" | "pending">;

/** Tells what `rotate` writes in the cluster from what it writes in documents, for a controller to apply. */
function byWriter({ entries, pending }: Work): { readonly direct: Work; readonly applied: Work } {
  const isApplied = ({ appliedBy }: StatusEntry) => appliedBy !== undefined;
  const applied = new Set(entries.filter(isApplied).map(secretOf));
  const isOfApplied = (work: PendingWork) =>
    work.secrets.length > 0 && secretsOf(work).every((secret) => applied.has(secret));
  return {
    direct: {
      entries: entries.filter((entry) => !isApplied(entry)),
      pending: pending.filter((work) => !isOfApplied(work)),
    },
    applied: { entries: entries.filter(isApplied), pending: pending.filter(isOfApplied) },
  };
}

/** The secret of an entry. Clusters may have secrets of the same name. */
function secretOf({ clusterId, namespace, name }: StatusEntry): string {
  return `${clusterId}/${namespace}/${name}`;
}

/** The secrets of some work, as `secretOf` names them. */
function secretsOf({ clusterId, secrets }: PendingWork): string[] {
  return secrets.map((secret) => `${clusterId}/${secret}`);
}

/** Whether a new key fixes the entry. */
function isFixedByRotate({ state, cause }: StatusEntry): boolean {
  if (state === "stale-key") return cause === "key-replaced" || cause === "key-removed";
  return state === "expired" || state === "expiring";
}

function needsRotate({ entries, pending }: Work): boolean {
  const keyless = new Set(entries.filter(isKeyless).map(secretOf));
  return (
    entries.some(isFixedByRotate) ||
    pending.some(
      (work) => work.overdue && !isRemoval(work) && !secretsOf(work).every((secret) => keyless.has(secret)),
    )
  );
}

function isRemoval(work: PendingWork): boolean {
  return work.kind === "run" && work.removes;
}

/** An entry that waits for its first key, which `rotate` does not make. */
function isKeyless({ appId, state }: StatusEntry): boolean {
  return appId === null && state === "pending";
}

/** For problems that a new key does not fix. Each has its own remedy, which `verify` names. */
function otherLines({ entries, pending }: StatusResult, { commands, width }: Setting): Line[] {
  const overdue = pending.filter((work) => work.overdue);
  const allSecrets = (some: readonly PendingWork[]) => new Set(some.flatMap(secretsOf));
  const left = allSecrets(overdue.filter((work) => !isRemoval(work)));
  const going = allSecrets(overdue.filter(isRemoval));
  const others = entries.filter((entry) => !isInOrder(entry.state) && !isFixedByRotate(entry));
  const isOf = (secrets: ReadonlySet<string>) => (entry: StatusEntry) =>
    entry.state === "pending" && secrets.has(secretOf(entry));
  const setups = new Set(entries.filter(isKeyless).filter(isOf(left)).map(commands.setup));
  const removals = new Set(entries.filter(isOf(going)).map(commands.removeOne));
  const contexts = [...new Set(others.map(({ context }) => context))];
  const resumeSetups = [...setups].flatMap((command) => [
    ...wrapped("A setup was interrupted. To continue, run the same setup again:", width),
    `  ${command}`,
  ]);
  const resumeRemovals = [...removals].flatMap((command) => [
    ...wrapped(
      "A removal was interrupted. To continue, run the same remove again, or only for this secret:",
      width,
    ),
    `  ${command}`,
  ]);
  const helps = contexts.flatMap((name): Line[] => {
    const namespaces = new Set(others.filter(({ context }) => context === name).map((one) => one.namespace));
    const some = [...namespaces].slice(0, mostVerified);
    const rest = namespaces.size - some.length;
    const further = rest > 0 ? ` (and ${rest} more namespaces)` : "";
    return [
      ...wrapped(`To see what is wrong and how to fix it${further}:`, width),
      `  ${commands.verify(name, some)}`,
    ];
  });
  return [...resumeSetups, ...resumeRemovals, ...helps];
}

/** A command with more namespaces than this is too long to paste. */
const mostVerified = 5;
