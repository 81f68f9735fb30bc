import { defineCommand } from "../options/define-command.ts";
import { verifyOptions } from "./options.ts";

/** Whether the secrets pull, and if not, why; nothing is written. */
export const verifyCommand = defineCommand({
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
  run: async (answers, context) => {
    const { runVerify } = await import("./run.ts");
    return await runVerify(answers, context);
  },
});
