import type { GivenOptions } from "../options/answers.ts";
import type { CommandContext } from "../command.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import { rotateOptions } from "../rotate/options.ts";
import { formatDuration } from "../../domain/duration.ts";
import type { StatusEntry } from "../../core/status/contract.ts";
import { setupOptions } from "../setup/options.ts";
import { statusOptions } from "./options.ts";

/** One entry of one secret. */
type Place = Pick<StatusEntry, "context" | "namespace" | "name" | "loginServer">;

/** Command lines that the answer names: for the same clusters. */
export interface StatusCommands {
  /**
   * Renews what is about to end or has ended, and retires what is due.
   * @param withinMs how long before its end a key is renewed, in milliseconds
   */
  readonly rotate: (withinMs: number) => string;
  /** Says of each secret of these namespaces what is wrong, and what helps. */
  readonly verify: (context: string, namespaces: readonly string[]) => string;
  /** Goes on with a setup that did not come to its end. */
  readonly setup: (entry: Place) => string;
  /** Removes one key that nothing holds. */
  readonly prune: (keyId: string) => string;
  /** Takes back what is left where the secrets are gone; asks for what it is not told. */
  readonly remove: () => string;
  /** Goes on with a removal that did not come to its end, as far as one secret is concerned. */
  readonly removeOne: (entry: Place) => string;
}

const { registry, tenant, cloud, auth, context, kubeconfig, clusterId, allowInsecureTls, execPlugins } =
  statusOptions;

/** What says which clusters and whose Azure, to `status` and `rotate` alike. */
const bothKnow = {
  registry,
  tenant,
  cloud,
  auth,
  context,
  kubeconfig,
  clusterId,
  allowInsecureTls,
  execPlugins,
};

const { clusterId: _unknownToVerify, ...verifyKnows } = { ...bothKnow, namespace: statusOptions.namespace };

/** The command lines that are told at the end. */
export function statusCommands({
  program,
  given,
  environment,
}: Pick<CommandContext, "program" | "given" | "environment">): StatusCommands {
  const { ifExpiringWithin } = rotateOptions;
  const { prune, secretName } = statusOptions;
  return {
    rotate: (withinMs) =>
      equivalentCommand(
        program,
        "rotate",
        { ...bothKnow, ifExpiringWithin },
        withFlag(given, "ifExpiringWithin", [formatDuration(withinMs)]),
        environment,
      ),
    verify: (contextName, namespaces) =>
      equivalentCommand(
        program,
        "verify",
        verifyKnows,
        withFlag(withFlag(given, "context", [contextName]), "namespace", namespaces),
        environment,
        { asking: true },
      ),
    setup: (entry) => {
      const { namespace, secretName } = setupOptions;
      const options = { ...bothKnow, namespace, secretName };
      return equivalentCommand(program, "setup", options, at(entry, given), environment, { asking: true });
    },
    prune: (keyId) =>
      equivalentCommand(
        program,
        "status",
        { ...bothKnow, prune },
        withFlag(given, "prune", [keyId]),
        environment,
      ),
    remove: () =>
      equivalentCommand(program, "remove", { ...bothKnow, secretName }, given, environment, {
        asking: true,
      }),
    removeOne: (entry) => {
      const options = { ...bothKnow, namespace: statusOptions.namespace, secretName };
      return equivalentCommand(program, "remove", options, at(entry, given), environment, { asking: true });
    },
  };
}

/** What says which entry is meant, in place of what was given for that. */
function at({ context, namespace, name, loginServer }: Place, given: GivenOptions): GivenOptions {
  const where = {
    ...(loginServer !== null && { registry: loginServer }),
    context,
    namespace,
    secretName: name,
  };
  return Object.entries(where).reduce((known, [option, text]) => withFlag(known, option, [text]), given);
}

function withFlag(given: GivenOptions, name: string, texts: readonly string[]): GivenOptions {
  return new Map(given).set(name, { texts, source: "flag" });
}
