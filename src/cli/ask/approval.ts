import type { CommandContext } from "../command.ts";
import type { Choice, Prompter } from "./prompter.ts";
import { openPrompter } from "./prompts/open-prompter.ts";
import { foldedWarnings, planLines, type ShownPlan } from "../show/plan-lines.ts";

const choices: readonly Choice[] = [
  { value: "yes", label: "yes, carry it out" },
  { value: "no", label: "no, stop here", detail: "nothing was written" },
];

/**
 * Shows a plan and asks whether to carry it out. With `--yes` nothing is asked, and the plan is shown only with
 * `--verbose`. If nobody can be asked, the check of the options has already required `--yes`.
 */
export async function approve(
  plan: ShownPlan,
  given: { readonly yes?: boolean; readonly verbose?: boolean; readonly quiet?: boolean },
  context: Pick<CommandContext, "terminal" | "view" | "signal">,
): Promise<boolean> {
  const { terminal, view, signal } = context;
  if (given.yes && !given.verbose) {
    const lasting = given.quiet ? [] : (plan.lasting ?? []);
    for (const text of [...foldedWarnings(plan), ...lasting])
      view.report({ kind: "note", level: "warning", text });
    return true;
  }
  view.notice(planLines(plan, terminal.stderr.width, given.verbose));
  if (given.yes) return true;
  if (!terminal.interactive) return false;
  const prompter = await openPrompter(terminal, signal);
  view.notice([""]);
  if (plan.typed) return await typesName(prompter, plan.typed);
  const reply = await prompter.choose({
    message: "Carry this out?",
    canGoBack: false,
    loading: "",
    choices,
    preselected: usualReply(plan),
  });
  return reply.kind === "answer" && reply.value === "yes";
}

/** Asks the person to type a name: Enter alone must not agree to this. */
async function typesName(
  prompter: Prompter,
  { message, names }: NonNullable<ShownPlan["typed"]>,
): Promise<boolean> {
  const reply = await prompter.text({
    message,
    canGoBack: false,
    preset: "",
    ifEmpty: "stop here, nothing was written",
    check: async (text) =>
      text === "" || names.includes(text) ? undefined : `That is not ${names[0]}. Leave it empty to stop.`,
  });
  return reply.kind === "answer" && names.includes(reply.value);
}

/** The reply that Enter alone gives to a plan. Enter alone never agrees to a removal. */
export function usualReply({ changes, cautious }: Pick<ShownPlan, "changes" | "cautious">): "yes" | "no" {
  return cautious || changes.some(({ action }) => action === "removed") ? "no" : "yes";
}
