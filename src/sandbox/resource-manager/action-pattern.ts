/**
 * Whether an action, such as `Microsoft.ContainerRegistry/registries/pull/read`, falls under a pattern of a role or
 * of a condition: letter case does not count, `*` stands for any text, slashes too.
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
