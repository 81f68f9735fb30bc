import type { World } from "./world.ts";

/** The text that greets a user who enters the sandbox: where they are, what exists there, and what to try. */
export function banner({ registries, clusters }: World): string[] {
  const names = registries.map(({ name, roleAssignmentMode }) =>
    roleAssignmentMode === "AbacRepositoryPermissions" ? `${name} (ABAC mode)` : name,
  );
  return [
    "You are in the sandbox. Nothing here is real: all of it is in memory.",
    "",
    `  registries  ${names.join(", ")}`,
    `  contexts    ${clusters.map(({ context }) => context).join(", ")}`,
    "",
    "Try:",
    "  acr-pull setup",
    "  acr-pull status",
    "  kubectl get secrets -A",
    "  az acr list -o table",
    "",
    "There is no kubelet: pods stay pending. The sandbox ends when this command does.",
    "",
  ];
}
