import { flowCommand } from "../flow-command.ts";
import { suggester } from "../show/suggester.ts";
import { rotateChecks, rotateInput, type RotateTypes } from "./options.ts";

/** Puts a new key in place of each key in use, with no failed pull in between. */
export const rotateCommand = flowCommand<RotateTypes>({
  name: "rotate",
  description: [
    "Replaces the keys that a cluster's pull secrets hold: makes a new key, proves it, and writes it to every secret",
    "that holds the old one. The old key stays valid for a grace period, and a later run retires it. Until then, the",
    "same command changes nothing.",
  ].join(" "),
  ...rotateChecks,
  examples: [
    ["rotate", "at a terminal: shows the keys, and asks"],
    ["rotate --if-due --yes", "for a daily job: new keys in time, and old ones retired"],
    ["rotate --registry myregistry --dry-run", "only show what would be done"],
    ["rotate --finish --yes", "only retire the old keys that are due"],
    ["rotate --manifest deploy/pull/ --seal-with 'kubeseal -o yaml' --yes", "documents to commit"],
    ["rotate -n awesomeapps -n default --compromised --yes", "a key has leaked: retire it at once"],
  ],
  async input(_given, context) {
    return (answers) => rotateInput(answers, suggester(context));
  },
  ports: async (open, answers) => ({
    ...(await open.workplace(answers, "directory")),
    azure: await open.directory(answers),
  }),
  flow: async () => (await import("../../core/rotate/flow.ts")).rotate,
  text: async () => (await import("./text.ts")).rotateText,
  questions: async () => (await import("./questions.ts")).askForRotation,
});
