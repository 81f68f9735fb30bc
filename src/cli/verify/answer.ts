import type { CheckedSubject, VerifyOutcome } from "../../core/verify/contract.ts";
import type { Answer } from "../show/view.ts";
import { countsOf } from "./counts.ts";
import { verifyLines, type VerifyLook } from "./lines.ts";

/** The outcome of `verify` as it is shown, in the fields of the published contract and for people. */
export function verifyAnswer({ subjects, exitCode }: VerifyOutcome, look: VerifyLook): Answer {
  return {
    command: "verify",
    exitCode,
    document: { checks: subjects.flatMap(checksOf), counts: countsOf(subjects) },
    lines: () => verifyLines(subjects, look),
  };
}

/** The checks of a subject with what they are about, which fields that are not known are left out of. */
function checksOf({ subject, checks }: CheckedSubject) {
  return checks.map(({ id, status, message, hint, docs, ids }) => ({
    id,
    status,
    message,
    hint,
    docs,
    ...subject,
    ids,
  }));
}
