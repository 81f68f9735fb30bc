import { ActionableError } from "../../domain/errors.ts";

/** Another run is at work on a secret, or was quicker; whoever meets this may wait and look again. */
export class BusyError extends ActionableError {
  /** As messages name it. */
  readonly secret: string;

  constructor(secret: string) {
    super(`Another run works on ${secret}; this one stopped before it changed anything of that.`, {
      code: "busy",
      hint: "Wait until the other run is done, then run the same command again.",
      retryable: true,
    });
    this.secret = secret;
  }
}
