/*
 * Words of other tools. The answer to such a word names ours. It is not accepted, so that scripts have only one way to
 * say a thing.
 */

const signIn =
  "acr-pull signs in by itself: with the account of az login, by environment variables, or as --auth says.";

/** Commands of other tools, with ours, or with a sentence if we have none. */
export const otherCommands: ReadonlyMap<string, string> = new Map([
  ...["create", "add", "install", "init", "apply", "new", "configure"].map(
    (word) => [word, "setup"] as const,
  ),
  ...["delete", "del", "rm", "uninstall", "destroy", "clean", "cleanup"].map(
    (word) => [word, "remove"] as const,
  ),
  ...["list", "ls", "get", "show", "describe"].map((word) => [word, "status"] as const),
  ...["renew", "refresh", "reset"].map((word) => [word, "rotate"] as const),
  ...["check", "test", "validate", "diagnose", "doctor", "prove"].map((word) => [word, "verify"] as const),
  ...["completions", "autocomplete"].map((word) => [word, "completion"] as const),
  ...["login", "logout", "signin", "auth"].map((word) => [word, signIn] as const),
]);

/** Options of other tools, with ours as they are typed. */
export const otherOptions: ReadonlyMap<string, string> = new Map(
  [
    ["--json", "--output json"],
    ["--format", "--output"],
    ["-q", "--quiet"],
    ["--silent", "--quiet"],
    ["--trace", "--debug"],
    ["-f", "--force"],
    ["--assume-yes", "--yes"],
    ["--auto-approve", "--yes"],
    ["--confirm", "--yes"],
    ["--no-prompt", "--no-input"],
    ["--non-interactive", "--no-input"],
    ["--what-if", "--dry-run"],
    ["--plan", "--dry-run"],
    ["--check", "--dry-run"],
    ["--ns", "--namespace"],
    ["--all", "--all-namespaces"],
    ["--selector", "--namespace-selector"],
    ["-l", "--namespace-selector"],
    ["--cluster", "--context"],
    ["--kube-context", "--context"],
    ["--acr", "--registry"],
    ["--login-server", "--registry"],
    ["--secret", "--secret-name"],
    ["--sa", "--service-account"],
    ["--sp", "--service-principal"],
    ["--client-id", "--service-principal"],
    ["--ttl", "--expires-in"],
    ["--expires", "--expires-in"],
  ].map(([theirs = "", ours = ""]) => [theirs, ours]),
);

/** How other tools choose every namespace. `setup` has none of these options: it would write a secret into each. */
export const everyNamespace: readonly string[] = ["-A", "--all-namespaces", "--all"];

/** Advice for a command that never takes every namespace. */
export const byName =
  "Name each namespace with -n, or choose them by their labels with --namespace-selector.";
