import type { Registry } from "../../domain/registry.ts";
import { setupOptions } from "./options.ts";
import { registryOptions, type QuestionParts, type SetupQuestion } from "./question.ts";

/** Consent to a role that may do anything: the registry's name, typed. */
export function ownerConsentQuestion({ lookups, prompter }: QuestionParts): SetupQuestion<Registry> {
  return {
    id: "owner-consent",
    subject: undefined,
    options: ["allowPrivilegedRole"],
    settledBy: ["allowPrivilegedRole"],
    dependsOn: [...registryOptions, "role"],
    fetched: "early",
    // A plan grants nothing, so that nothing needs to be agreed to for it.
    applies: ({ role, dryRun, noAzure }) => role === "owner" && !dryRun && !noAzure,
    look: (answers) => lookups.registry(answers),
    expect: () => ({ allowPrivilegedRole: ["owner"] }),
    async ask({ data, canGoBack }) {
      const { name } = await data;
      const reply = await prompter.text({
        message: `${setupOptions.allowPrivilegedRole.question}: ${name}`,
        intro: [
          `Owner of ${name} may delete its images, change its settings and give others access to it.`,
          "Everybody who can read the secret in the cluster could do so. To pull, acrpull is enough.",
        ],
        canGoBack,
        preset: "",
        check: (text) =>
          Promise.resolve(text === name ? undefined : `That is not ${name}; go back to choose another role.`),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { allowPrivilegedRole: ["owner"] } };
    },
  };
}
