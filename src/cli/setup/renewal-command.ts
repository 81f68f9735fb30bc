import type { CommandContext } from "../command.ts";
import { equivalentCommand } from "../equivalent-command.ts";
import { rotateOptions } from "../rotate/rotate-options.ts";
import { setupOptions } from "./setup-options.ts";

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
  secretName,
  proof,
  image,
};

/** So long before the end a daily job renews: twice as long as `setup` warns, so that failed jobs are noticed in time. */
export const renewalDays = 60;

/** The command line that, run once a day, renews in time what this `setup` wrote. */
export function renewalCommand({
  program,
  given,
  environment,
}: Pick<CommandContext, "program" | "given" | "environment">): string {
  const { ifExpiringWithin } = rotateOptions;
  const options = { ...bothKnow, ifExpiringWithin };
  const when = new Map(given).set("ifExpiringWithin", { texts: [`${renewalDays}d`], source: "flag" });
  return equivalentCommand(program, "rotate", options, when, environment);
}
