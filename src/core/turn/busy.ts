import { ActionableError } from "../../domain/errors.ts";

/** Another run is at work on a secret, or was quicker; whoever meets this may wait and look again. */
export class BusyError extends ActionableError {
  /** As messages name it. */
  readonly secret: string;

  constructor(secret: string) {
    super(`Another run works on ${secret}; this one stopped before it changed anything of that.`, {
      code: "busy",
      hint: `Wait until the other run is done, then run the same command again.${wayAround(secret)}`,
      retryable: true,
    });
    this.secret = secret;
  }
}

/** Whoever may write in one namespace can keep a mark there for ever: a person can go on without that secret. */
function wayAround(name: string): string {
  const [, reference] = /^[^ ].*\/([a-z0-9-]+\/[a-z0-9.-]+)$/.exec(name) ?? [];
  return reference === undefined || name.startsWith("the application ")
    ? ""
    : ` If none is at work there, somebody who may write in that namespace keeps its mark: --leave-out ${reference} goes on without that secret.`;
}
