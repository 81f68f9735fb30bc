import type { Prompter } from "../prompter.ts";
import type { Changeable, WizardReply } from "../question.ts";

/** Asks which of the answers is to be given anew; going back leads to the question that this was asked from. */
export async function askWhatToChange(
  prompter: Pick<Prompter, "choose">,
  changeable: readonly Changeable[],
): Promise<Extract<WizardReply, { kind: "change" | "again" }>> {
  const reply = await prompter.choose({
    message: "Change which answer?",
    canGoBack: true,
    loading: "",
    preselected: undefined,
    choices: changeable.map(({ id, subject }) => ({ value: id, label: subject })),
  });
  return reply.kind === "back" ? { kind: "again" } : { kind: "change", question: reply.value };
}
