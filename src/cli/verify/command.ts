import { flowCommand } from "../flow-command.ts";
import { suggester } from "../show/suggester.ts";
import { verifyInput, verifyOptions, type VerifyTypes } from "./options.ts";

/** Checks whether the secrets pull, and if not, why. Writes nothing. */
export const verifyCommand = flowCommand<VerifyTypes>({
  name: "verify",
  looksOnly: true,
  description: [
    "Signs in to registries with exactly what pull secrets hold, whoever wrote them. Reports what fails by its cause,",
    "and what fixes it. Skips what needs a sign-in to Azure, or a right in the cluster, that you do not have. Writes",
    "nothing.",
  ].join(" "),
  options: verifyOptions,
  examples: [
    ["verify -n awesomeapps", "every pull secret of a namespace"],
    [
      "verify -n awesomeapps --registry myregistry --image my-awesome-app:v1",
      "and whether the image is there, for every node",
    ],
    ["verify -n awesomeapps -o json", "for a pipeline: exit 5 when something fails"],
  ],
  input: async (_given, context) => (answers) => verifyInput(answers, suggester(context)),
  async ports(open, answers) {
    const { clusters, pullProof: registry, clock } = await open.workplace(answers);
    return { clusters, registry, clock, azure: (until) => open.azure(answers, until) };
  },
  flow: async () => (await import("../../verify/verify.ts")).verify,
  text: async () => (await import("./text.ts")).verifyText,
});
