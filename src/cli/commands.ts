import type { ListedCommand } from "./command.ts";
import { shellNames } from "./completion/shell.ts";

/** Every command, in the order help lists them. */
export const commands: readonly ListedCommand[] = [
  {
    name: "setup",
    summary: "give namespaces a pull secret for a registry",
    load: async () => (await import("./setup/command.ts")).setupCommand,
  },
  {
    name: "rotate",
    summary: "replace the passwords that pull secrets hold, without a failed pull",
    load: async () => (await import("./rotate/command.ts")).rotateCommand,
  },
  {
    name: "verify",
    summary: "prove that pull secrets pull, or say why they do not",
    load: async () => (await import("./verify/command.ts")).verifyCommand,
  },
  {
    name: "status",
    summary: "tell how every pull secret stands, and when its password ends",
    load: async () => (await import("./status/command.ts")).statusCommand,
  },
  {
    name: "remove",
    summary: "take back what setup gave a cluster for a registry",
    load: async () => (await import("./remove/command.ts")).removeCommand,
  },
  {
    name: "sandbox",
    summary: "rehearse with no Azure and no cluster: both made up, in memory",
    operands: "[command...]",
    load: async () => (await import("./sandbox/command.ts")).sandboxCommand,
  },
  {
    name: "completion",
    summary: "let a shell complete commands, options and their values",
    operands: `[${shellNames.join("|")}]`,
    load: async () => (await import("./completion/command.ts")).completionCommand,
  },
  {
    name: "__complete",
    summary: "tell a shell's script what a word can become",
    operands: "[words...]",
    hidden: true,
    load: async () => (await import("./completion/complete.ts")).completeCommand,
  },
];
