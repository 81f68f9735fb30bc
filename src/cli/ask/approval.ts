import type { CommandContext } from "../command.ts";
import { foldedWarnings, planLines, type ShownPlan } from "../show/plan-lines.ts";
import { openPrompter } from "./prompter.ts";

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
  view.notice([""]);
  const prompter = await openPrompter(terminal, signal);
  if (!plan.typed) return await prompter.confirm("Apply?", isUsual(plan));
  // Enter alone must not agree to this.
  const { message, names } = plan.typed;
  const typed = await prompter.text(message, "", (text) =>
    text === "" || names.includes(text) ? undefined : `That is not ${names[0]}. Leave it empty to stop.`,
  );
  return names.includes(typed);
}

/** Whether Enter alone agrees to a plan. It never agrees to a removal. */
export function isUsual({ changes, cautious }: Pick<ShownPlan, "changes" | "cautious">): boolean {
  return !cautious && changes.every(({ action }) => action !== "removed");
}
