/**
 * Whether an action, such as `Microsoft.ContainerRegistry/registries/pull/read`, matches a pattern of a role or
 * condition. Letter case does not matter. `*` stands for any text, even with slashes.
 * Source: https://learn.microsoft.com/azure/role-based-access-control/role-definitions#wildcard-permissions
 */
export function matchesAction(pattern: string, action: string): boolean {
  return new RegExp(
    `^${pattern
      .split("*")
      .map((text) => text.replace(/[.+?^${}()|[\]\\/]/g, "\\$&"))
      .join(".*")}$`,
    "i",
  ).test(action);
}
