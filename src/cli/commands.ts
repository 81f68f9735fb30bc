import type { ListedCommand } from "./command.ts";

/** Every command, in the order help lists them. */
export const commands: readonly ListedCommand[] = [
  {
    name: "setup",
    summary: "give namespaces a pull secret for a registry",
    load: async () => (await import("./setup/command.ts")).setupCommand,
  },
  {
    name: "rotate",
    summary: "replace passwords without a failed pull",
    load: async () => (await import("./rotate/command.ts")).rotateCommand,
  },
  {
    name: "verify",
    summary: "find out whether pull secrets work, and if not, why",
    load: async () => (await import("./verify/command.ts")).verifyCommand,
  },
  {
    name: "status",
    summary: "list pull secrets, and when their passwords expire",
    load: async () => (await import("./status/command.ts")).statusCommand,
  },
  {
    name: "remove",
    summary: "remove what setup gave a cluster",
    load: async () => (await import("./remove/command.ts")).removeCommand,
  },
  {
    name: "sandbox",
    summary: "rehearse with a made-up Azure and clusters",
    operands: "[command...]",
    load: async () => (await import("./sandbox/command.ts")).sandboxCommand,
  },
  {
    name: "completion",
    summary: "print a script for completion in your shell",
    operands: "[shell]",
    load: async () => (await import("./completion/command.ts")).completionCommand,
  },
  {
    name: "__complete",
    summary: "tell a shell's script what a word can become",
    operands: "[words...]",
    hidden: true,
    load: async () => (await import("./completion/command.ts")).completeCommand,
  },
];
