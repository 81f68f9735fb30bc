import { join, relative, sep } from "node:path";

/**
 * Puts what several commands share of a layer into one file: with one for each set of commands that share something, a
 * start reads twice as many. What help needs of all layers stands apart, and so does what every run needs. What a file
 * imports is shared as widely, and stands in the same file, in one of those two or in that of a layer below: no two
 * files need each other.
 * @param root folder of the project
 */
export function sharedLayers(root) {
  const source = join(root, "src");
  let stages;
  return {
    debugName: "shared layers",
    test: /[\\/]src[\\/](?:cli|core|domain)[\\/]/,
    minShareCount: 3,
    includeDependenciesRecursively: false,
    name(id, modules) {
      const importedLater = (file) => modules.getModuleInfo(join(source, file)).dynamicallyImportedIds;
      stages ??= [
        // Stays in the entry.
        { name: null, ids: importedBy([join(source, "main.ts")], modules) },
        { name: "help", ids: importedBy(importedLater("cli/commands.ts"), modules) },
        {
          name: "run",
          ids: importedBy([...importedLater("main.ts"), ...importedLater("cli/program.ts")], modules),
        },
      ];
      const stage = stages.find(({ ids }) => ids.has(id));
      return stage ? stage.name : relative(source, id).split(sep)[0];
    },
  };
}

/** All that is loaded with some modules, themselves included. */
function importedBy(ids, modules, known = new Set()) {
  for (const id of ids.filter((one) => !known.has(one))) {
    known.add(id);
    importedBy(modules.getModuleInfo(id)?.importedIds ?? [], modules, known);
  }
  return known;
}
