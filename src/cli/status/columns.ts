import { registryName } from "../../core/cluster/registry-meant.ts";
import type { StatusEntry } from "../../core/status/contract.ts";
import type { Column } from "../show/table.ts";

/** The columns of the list. Those that distinguish entries stay even if there is little room. */
export function statusColumns(entries: readonly StatusEntry[]): Array<Column<StatusEntry>> {
  const isOneCluster = new Set(entries.map(({ context }) => context)).size === 1;
  return [
    { head: "CONTEXT", cell: ({ context }) => context, ...(isOneCluster && { expendable: 5 }) },
    { head: "NAMESPACE", cell: ({ namespace }) => namespace },
    { head: "SECRET", cell: ({ name }) => name },
    { head: "REGISTRY", cell: nameOfRegistry },
    { head: "LOGIN SERVER", cell: ({ loginServer }) => loginServer ?? "unknown", expendable: 1 },
    {
      head: "KEY",
      cell: ({ keyId }) => keyId?.slice(0, 8) ?? "unknown",
      expendable: 3,
    },
    { head: "AGE", cell: ageOf, expendable: 2 },
    { head: "EXPIRES", cell: ({ expiresAt }) => expiresAt?.slice(0, 10) ?? "unknown", expendable: 4 },
    { head: "LEFT", cell: ({ daysLeft }) => (daysLeft === null ? "-" : `${daysLeft}d`) },
    { head: "STATE", cell: ({ state }) => state },
  ];
}

/** The name of an entry's registry, or the first part of its login server if only that is known. */
export function nameOfRegistry({ registry, loginServer }: StatusEntry): string {
  return loginServer === null ? "unknown" : registryName(registry ?? loginServer, loginServer);
}

/** The age of a key in days, by the clock that also counts its remaining days. */
function ageOf({ createdAt, expiresAt, daysLeft }: StatusEntry): string {
  if (createdAt === null || expiresAt === null || daysLeft === null) return "-";
  const life = Math.round((Date.parse(expiresAt) - Date.parse(createdAt)) / 86_400_000);
  return `${Math.max(0, life - daysLeft - 1)}d`;
}
