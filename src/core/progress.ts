/**
 * What a flow reports while it works. The view chosen by `--output` shows it. Texts are plain sentences without a
 * full stop. They may quote foreign names: the terminal cleans them.
 */
export type ProgressEvent =
  /** Work on one thing began; `text` in the present: "Creating the application". */
  | { readonly kind: "started"; readonly id: string; readonly text: string }
  /** The same thing continues; `text` says what is waited for. */
  | { readonly kind: "waiting"; readonly id: string; readonly text: string }
  /**
   * The same thing continues, and nothing is in its way; `text` says how far it has come: "12 of 40 secrets written".
   */
  | { readonly kind: "advanced"; readonly id: string; readonly text: string }
  /** It is done; `text` in the past: "Created the application acr-pull-myregistry-1234abcd". */
  | { readonly kind: "done"; readonly id: string; readonly text: string }
  /** It is over, and there is nothing to say about it. */
  | { readonly kind: "ended"; readonly id: string }
  /** It failed, or was left out; the reason follows in the result. */
  | { readonly kind: "failed"; readonly id: string; readonly text: string }
  /** Something to know that is not a step. An instruction is what a person must do before the work can continue. */
  | { readonly kind: "note"; readonly level: "info" | "warning" | "instruction"; readonly text: string };

/** Receives a flow's events. */
export type Report = (event: ProgressEvent) => void;

/**
 * Reports the work on one of several things.
 * @param name put before each text; undefined if the run works on only one thing
 */
export function reportFor(report: Report, name: string | undefined): Report {
  if (name === undefined) return report;
  return (event) => {
    if (event.kind === "ended") report({ ...event, id: `${name} ${event.id}` });
    else if (event.kind === "note") report({ ...event, text: `${name}: ${event.text}` });
    else report({ ...event, id: `${name} ${event.id}`, text: `${name}: ${event.text}` });
  };
}
