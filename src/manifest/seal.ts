import { execFile } from "node:child_process";
import { ActionableError, refused } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { inOneLine } from "../domain/in-one-line.ts";
import { holdsSecret, learnSecret, withoutSecrets } from "../domain/known-secrets.ts";
import type { SecretObject } from "../domain/kubernetes-objects.ts";
import type { Variables } from "../domain/proxy.ts";
import { credentialsIn, readPullSecret } from "../domain/pull-secret.ts";
import { documentsOf } from "./documents.ts";
import { secretDocument, sopsRegex, type SecretDocument } from "./secret-document.ts";

/** A command that seals what it reads from standard input. */
export interface SealCommand {
  /** The program and its arguments. */
  readonly words: readonly string[];
  readonly variables: Variables;
}

const limitMs = 60_000;
const largestAnswer = 4 * 1024 * 1024;
const mostSaid = 500;
/** Too long to occur in a ciphertext by chance. */
const shortestPiece = 12;

/**
 * Runs the command without a shell, gives it a document on standard input and returns what it prints. The document is
 * never on a command line, in a variable or in a file.
 * @throws ActionableError `manifest.seal-failed`, exit 2; the signal's reason when it aborts
 */
export function sealed(
  { words, variables }: SealCommand,
  text: string,
  signal: AbortSignal,
): Promise<string> {
  const [program = "", ...args] = words;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        env: { ...variables },
        encoding: "utf8",
        maxBuffer: largestAnswer,
        timeout: limitMs,
        killSignal: "SIGKILL",
        signal,
        windowsHide: true,
      },
      (error, stdout, stderr) => {
        if (signal.aborted) reject(signal.reason as Error);
        else if (error) reject(failed(program, why(error), stderr));
        else if (stdout.trim() === "") reject(failed(program, "it printed nothing", stderr));
        else resolve(stdout);
      },
    );
    // A command that does not read its input ends with an error of its own, or its answer is refused.
    child.stdin?.on("error", () => {});
    child.stdin?.end(text);
  });
}

function why(error: Error & { readonly code?: unknown; readonly killed?: boolean }): string {
  if (error.code === "ENOENT") return "it is not installed";
  if (error.code === "EACCES") return "it may not be run";
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "its output is too long";
  if (error.killed) return `it did not finish within ${limitMs / 1000} s`;
  return typeof error.code === "number" ? `it ended with exit code ${error.code}` : "it was killed";
}

function failed(program: string, reason: string, said: string): ActionableError {
  const words = inOneLine(withoutSecrets(said.trim())).slice(-mostSaid);
  return new ActionableError(
    `${inOneLine(program)} did not seal the document: ${reason}${words === "" ? "." : `. It says: ${words}`}`,
    {
      code: "manifest.seal-failed",
      hint: "Try it by hand: kubectl create secret generic test --from-literal=a=b --dry-run=client -o yaml | COMMAND. It must read standard input and print the sealed document.",
      exitCode: exitCode.usage,
    },
  );
}

/**
 * Checks a sealed document before it is written: it must make the same secret and show its marks, but not its password.
 * @throws ActionableError `manifest.not-sealed`, `manifest.marks-sealed`, exit 2
 */
export function checkedSeal(text: string, secret: SecretObject): SecretDocument {
  const { namespace, name, labels, annotations } = secret;
  const documents = documentsOf(text);
  const [document] = documents;
  const made = documents.length === 1 && document ? secretDocument(document, { namespace, name }) : undefined;
  if (!made?.sealed || leaks(text, secret)) {
    throw refused(
      "manifest.not-sealed",
      `What the command printed for ${namespace}/${name} is neither a SealedSecret nor a Secret encrypted by SOPS, so it was not written.`,
      `Have --seal-with print one such document for that namespace and name: kubeseal --format yaml, or sops with --encrypted-regex '${sopsRegex}'.`,
    );
  }
  // kubeseal drops an annotation of kubectl's, and may.
  const ours = missing(annotations, made.secret.annotations).filter((key) => key.startsWith("acr-pull/"));
  const dropped = [
    ...ours.map((key) => `annotation ${key}`),
    ...missing(labels, made.secret.labels).map((key) => `label ${key}`),
  ];
  if (dropped.length === 0) return made;
  throw refused(
    "manifest.marks-sealed",
    `What the command printed for ${namespace}/${name} has lost the ${dropped.join(", the ")}, so nobody could say later which key it holds.`,
    "Have the command keep labels and annotations as they are.",
  );
}

function missing(
  wanted: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.keys(wanted).filter((key) => found[key] !== wanted[key]);
}

/** Whether a text contains the secret's data or passwords, in any encoding. */
function leaks(text: string, secret: SecretObject): boolean {
  for (const { password } of credentialsIn(readPullSecret(secret))) learnSecret(password.reveal());
  return Object.values(secret.data).some((one) => text.includes(one)) || holdsSecret(text, shortestPiece);
}
