import { switchOption } from "./option.ts";

/** Set to `true` for the one command that is rehearsed, so that it prints its commands as rehearsals. */
export const rehearsalVariable = "__ACR_PULL_REHEARSAL";

/** The flag that rehearses a command. */
export const rehearsalFlag = "--sandbox";

/** For a command that can be rehearsed in a fresh world. */
export const rehearsalOptions = {
  sandbox: switchOption({
    flag: rehearsalFlag,
    summary: "rehearse this command in a fresh sandbox",
    common: true,
    group: "Rehearsal",
    instead: (commandLine) => ["sandbox", ...rehearsed(commandLine)],
  }),
};

/** For a command that has nothing to work on before `setup` has run. */
export const rehearsalAfterSetup = {
  sandbox: switchOption({
    flag: rehearsalFlag,
    summary: "rehearse this command in a fresh sandbox, after setup",
    group: "Rehearsal",
    common: true,
    instead: (commandLine) => ["sandbox", "--after-setup", ...rehearsed(commandLine)],
  }),
};

function rehearsed(commandLine: readonly string[]): string[] {
  return ["--", "acr-pull", ...commandLine.filter((argument) => argument !== rehearsalFlag)];
}
