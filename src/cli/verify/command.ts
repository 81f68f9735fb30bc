import { flowCommand } from "../flow-command.ts";
import { suggester } from "../show/suggester.ts";
import { verifyInput, verifyOptions, type VerifyTypes } from "./options.ts";

/** Whether the secrets pull, and if not, why; nothing is written. */
export const verifyCommand = flowCommand<VerifyTypes>({
  name: "verify",
  looksOnly: true,
  description: [
    "Reads the pull secrets of namespaces, acr-pull's and those made by hand, and signs in to their registries with",
    "the very bytes in them. What fails is told by its cause, with what mends it. Without a sign-in to Azure, or a",
    "right in the cluster, what that would tell is skipped. Nothing is written anywhere.",
  ].join(" "),
  options: verifyOptions,
  examples: [
    ["verify -n awesomeapps", "every pull secret of a namespace"],
    ["verify -n awesomeapps --image my-awesome-app:v1", "and whether the image is there, for every node"],
    ["verify -n awesomeapps -o json", "for a pipeline: exit 5 when something fails"],
  ],
  input: async (_given, context) => (answers) => verifyInput(answers, suggester(context)),
  async ports(open, answers) {
    const { clusters, pullProof: registry, clock } = await open.workplace(answers);
    return { clusters, registry, clock, azure: (until) => open.azure(answers, until) };
  },
  flow: async () => (await import("../../core/verify/flow.ts")).verify,
  text: async () => (await import("./text.ts")).verifyText,
});
