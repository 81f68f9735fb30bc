import type { Variables } from "../../domain/proxy.ts";
import type { GivenOptions } from "./answers.ts";
import { switchOption } from "./option.ts";

/** Set to `true` for the one command that is rehearsed, so that it prints its commands as rehearsals. */
export const rehearsalVariable = "__ACR_PULL_REHEARSAL";

/** For every command that can be rehearsed in a fresh world; all but `setup` begin after a setup there. */
export const rehearsalOptions = {
  sandbox: switchOption({
    flag: "--sandbox",
    summary: "rehearse this command in a fresh sandbox",
    common: true,
    group: "Rehearsal",
  }),
};

/** The flag that rehearses a command. */
export const rehearsalFlag = rehearsalOptions.sandbox.long;

/** The command line that rehearses a command, and its variables; undefined if no rehearsal was asked for. */
export function rehearsalOf(
  command: string,
  given: GivenOptions,
  commandLine: readonly string[],
  environment: Variables,
): { readonly commandLine: readonly string[]; readonly environment: Variables } | undefined {
  if (!given.has("sandbox")) return undefined;
  const { long, variable = "" } = rehearsalOptions.sandbox;
  const afterSetup = command === "setup" ? [] : ["--after-setup"];
  const rehearsed = commandLine.filter((word) => word !== long);
  return {
    commandLine: ["sandbox", ...afterSetup, "--", "acr-pull", ...rehearsed],
    environment: { ...environment, [variable]: undefined },
  };
}
